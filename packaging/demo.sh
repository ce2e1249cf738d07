#!/bin/bash
# demo.sh BINARY IMAGE DIR : one real job in a clean machine; everything it makes stays below DIR.
set -euo pipefail
binary=$(realpath "$1") image=$(realpath "$2") dir=$(realpath -m "$3")
config=$dir/vmappliance.ini
started=$SECONDS

[ "$(id -u)" = 0 ] || { echo "demo: only root can prepare machines (hint: sudo make demo)" >&2; exit 1; }
mkdir -p "$dir"
cat > "$config" <<INI
# Made by make demo. Try:
#   out/vmappliance run --config $3/vmappliance.ini --image demo -- COMMAND...
[appliance]
run_dir = $dir/run
state_dir = $dir/state
[slots]
count = 2
memory = 512MiB
[image:demo]
missing_directory = make
INI

wanted=$(sha256sum "$binary" "$image/root.tar" "$image/kernel" "$image/initrd" | sha256sum)
if [ "$(cat "$dir/imported" 2>/dev/null)" != "$wanted" ]; then
  "$binary" --config "$config" maintenance image import demo --disk "$image/root.tar" --kernel "$image/kernel" \
    --initrd "$image/initrd" --append "$(cat "$image/append")"
  echo "$wanted" > "$dir/imported"
fi

status=0
cd /
# shellcheck disable=SC2016 # for the shell in the machine
"$binary" run --config "$config" --image demo --timeline -- sh -c '
  echo "hello from $(hostname): Debian $(cat /etc/debian_version), kernel $(uname -r)"
  echo "I am $(id -un), uid $(id -u); up for $(cut -d" " -f1 /proc/uptime) s; $(ps -e 2>/dev/null | wc -l) processes"
  exit 7' || status=$?
echo "exit status of the job: $status (7 was asked for)"
"$binary" --config "$config" maintenance status
echo "demo: $((SECONDS - started)) s; by hand: out/vmappliance run --config $(printf %q "$3/vmappliance.ini") --image demo -- COMMAND..."
[ "$status" = 7 ]
