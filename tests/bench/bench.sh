#!/bin/bash
# bench.sh PROGRAM IMAGE DIR : our machines beside those that people script today, in one run: DIR/cycle.json, cycle.txt and cycle.svg.
# ROUNDS (default 5) says how often each way is gone; the slow ways alone take a minute each time.
set -euo pipefail
umask 022
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

[ $# = 3 ] || { echo "usage: bench.sh PROGRAM IMAGE DIR" >&2; exit 64; }
[ "$(id -u)" = 0 ] || { echo "bench: only root can prepare machines (hint: sudo make bench)" >&2; exit 1; }
program=$(realpath -- "$1") image=$(realpath -- "$2") dir=$(realpath -m -- "$3")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=$dir/node
mkdir -p "$node"

# Starters look for their configuration beside the program.
cp -- "$program" "$node/vmappliance"
cat >"$node/vmappliance.ini" <<END
[appliance]
run_dir = $node/run
state_dir = $node/state
[slots]
count = 8
memory = 256MiB
END
"$node/vmappliance" maintenance image import bench --disk "$image/root.tar" --kernel "$image/kernel" --initrd "$image/initrd" --append "$(<"$image/append")" >/dev/null
export BENCH=$dir/others
"$here/prepare.sh" "$BENCH" "$image/root.tar" "$image/kernel" "$image/initrd" >&2

"$node/vmappliance" maintenance bench --image bench --rounds "${ROUNDS:-5}" --starter --chart "$dir/cycle.svg" --json "$dir/cycle.json" \
  --way floor="$here/floor.sh" --way script="$here/script.sh" --way original="$here/original.sh" | tee "$dir/cycle.txt"
