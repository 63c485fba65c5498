"""Whose a file is: whether anybody but its user and the system's administrator could write it."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover  (the suite runs where files have such owners)

    def others_at(path: Path) -> str:
        """Nothing is known of owners here."""
        del path
        return ""

else:
    import grp
    import pwd

    def others_at(path: Path) -> str:
        """
        Say how others come to write a file that is there; empty if they do not.

        A folder that others may write counts, unless it is one like /tmp, where each can take away
        only what is his. A group that is its user's own, as many systems give one, has no others.
        """
        try:
            link, file, folder = path.lstat(), path.stat(), path.parent.stat()
        except (OSError, ValueError):
            return ""  # to read it will say why
        mine = (os.geteuid(), 0)
        if link.st_uid not in mine or file.st_uid not in mine:
            return "belongs to somebody else"
        if _is_open(file):
            return "can be written by others"
        if folder.st_uid not in mine or (_is_open(folder) and not folder.st_mode & stat.S_ISVTX):
            return "is in a folder that others can write"
        return ""

    def _is_open(status: os.stat_result) -> bool:
        mode = status.st_mode
        by_group = mode & stat.S_IWGRP and not _is_own_group(status.st_gid, status.st_uid)
        return bool(mode & stat.S_IWOTH or by_group)

    def _is_own_group(group: int, user: int) -> bool:
        try:
            named, own = grp.getgrgid(group), pwd.getpwuid(user)
        except KeyError:
            return False
        # Root's group has other members on some systems.
        return user != 0 and named.gr_name == own.pw_name and {*named.gr_mem} <= {own.pw_name}
