#!/bin/bash
# Pictures of the demo's real run: their shape at any size, and the figures that are known from the script.
. "$(dirname "$0")/lib.sh"
demo=$root/scripts/scenarios/bookinfo-canary.lua

for size in 40x10 80x24 106x30 120x40 200x60; do
    for tab in overview timeline; do
        exits 0 ui --print "$tab" "$demo" --filter careful --at 40s --size "$size" --ascii
        is "$tab $size: rows" "$(wc -l <<<"$OUT")" "${size#*x}"
        is "$tab $size: no row is longer" "$(awk -v w="${size%x*}" 'length($0) > w' <<<"$OUT" | wc -l)" 0
    done
done

exits 0 ui --print overview "$demo" --filter naive --at 1m --size 106x30 --ascii
frame=$OUT
has "the fault" "$frame" 'partition @b <-> @a +since 0m25s +touched [0-9]+ pkts'
has "the cut version fails" "$frame" 'reviews/v2 +2/2 .*FAILING'
has "of one version of several, connections are not known" "$frame" 'reviews/v1 +2/2 +[0-9.]+% .* 1\.00x +- '
has "of the only one they are" "$frame" 'details/v1 +2/2 +100\.00% .* 1\.00x +[1-9][0-9]* '
has "a load has no pods" "$frame" ' user +- '
has "the canary holds" "$frame" 'reviews v1->v2 +weight 20% +phase holding +failed checks 1 of 5'
lacks "no call, no retries" "$frame" '0\.00x'
lacks "kinds fit" "$frame" '^. +[0-9]+m[0-9.]+ +[^ ]+ ?[^ ]*…'

exits 0 ui --print timeline "$demo" --filter naive --at 4m --size 106x40 --ascii
has "a failed check has both figures" "$OUT" 'CANARY +reviews request-success-rate [0-9.]+% < 99%: failed, [0-9]+ samples'
has "what came of it" "$OUT" 'CANARY +reviews rolling-back, weight 0%, 5 failed checks'
has "a check" "$OUT" 'CHECK +v2 gets nothing any more: failed, does not hold'

# A stored run is the same picture as its script.
exits 0 run "$demo" --filter careful --out demo.db
exits 0 ui --print overview "$demo" --filter careful --at 1m --size 106x30
live=$OUT
exits 0 ui --print overview demo.db --at 1m --size 106x30
is "stored or not" "$OUT" "$live"
exits 64 ui --print overviwe "$demo"
has "which there are" "$ERR" "overview"
exits 64 ui --print overview "$demo" --size 0x0
exits 64 ui --print overview "$demo" --at 5
exits 66 ui --print overview demo.db:7

finish
