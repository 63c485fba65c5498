"""Plays many worlds, and counts what they come to."""
from __future__ import annotations
import sys, time, gc
from collections import Counter, defaultdict
from worlds.choices import Choices
from worlds.world import World
from worlds.broken import Broken

def main(first, last):
    t=time.process_time(); laws=Counter(); seeds=defaultdict(list); states=set(); steps=0; calls=0
    gc.disable()
    for seed in range(first,last):
        w=World(Choices(seed))
        try:
            w.run()
        except (Broken, Exception) as e:
            k=str(e)[:int(sys.argv[3]) if len(sys.argv)>3 else 100] if isinstance(e,Broken) else repr(e)[:160]
            law=k.split(':')[0]
            laws[law]+=1
            seeds[law].append((seed,k))
        states|=w.states; steps+=w.scheduler.steps; calls+=len(w.calls)
        if seed%100==0: gc.collect()
    d=time.process_time()-t
    n=last-first
    print(f"{n} worlds, {n/d:.0f}/s, {steps/n:.0f} steps, {calls/n:.1f} calls, {len(states)} states")
    for law,c in laws.most_common():
        print(c,law)
        for x in seeds[law][:6]: print('    ',*x)
main(int(sys.argv[1]),int(sys.argv[2]))
