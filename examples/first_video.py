"""A first video with a portrait, at a simulated vendor: no key, no cost, three seconds."""

from pathlib import Path

import portraitkit as pk

with pk.connect("alltoken", simulated=True) as client:
    group = client.create_group("Mia")
    asset = client.add_asset(group, Path(__file__).with_name("mia.jpg"), name="front")
    asset = client.wait_until_active(asset, on_event=print)
    request = pk.VideoRequest(
        prompt="{mia} smiles to the camera", media=pk.References(images={"mia": asset})
    )
    task = client.wait_for_video(client.create_video(request), on_event=print)
    print(client.download_video(task, "mia.mp4", overwrite=True))
