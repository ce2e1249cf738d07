#!/bin/bash
# make.sh PROGRAM IMAGE DIR : imports our guest image, with a program by which a job can end its machine, for the tests of hypervisors.
#
#   DIR/vmappliance.ini   a configuration whose only image is "guest": the tests read the image from there, or import its disk again
#   DIR/state             where the image is
set -euo pipefail
umask 022
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

[ $# = 3 ] || { echo "usage: make.sh PROGRAM IMAGE DIR" >&2; exit 64; }
program=$(realpath -- "$1") image=$(realpath -- "$2") dir=$(realpath -m -- "$3")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

rm -rf -- "$dir"
mkdir -p "$dir/more/usr/bin"
trap 'rm -rf -- "$dir/more" "$dir/root.tar"' EXIT

gcc -static -Os -Wall -Werror -o "$dir/more/usr/bin/fall" "$here/fall.c"
chmod 4755 "$dir/more/usr/bin/fall"
cp "$image/root.tar" "$dir/root.tar"
tar --append --owner=0 --group=0 --file "$dir/root.tar" --directory "$dir/more" ./usr/bin/fall

cat >"$dir/vmappliance.ini" <<END
[appliance]
state_dir = $dir/state
run_dir = $dir/run
[image:guest]
template = off
END
# As small as can be, as the tests copy it; and as fast, without a guest kernel's guards against its own processes.
"$program" --config "$dir/vmappliance.ini" maintenance image import guest --disk "$dir/root.tar" --size 208MiB \
  --kernel "$image/kernel" --initrd "$image/initrd" --append "$(<"$image/append") mitigations=off init_on_alloc=0" >/dev/null
