#!/bin/bash
# matrix.sh [NODE GUEST] : the node's side on other systems, in roots of bullseye (QEMU 5.2), bookworm (7.2) and trixie (10.0), with guests of
# bookworm and trixie, whose sshd starts a program for each session. With two names of releases: that guest on that node alone.
# Expects the binary and the image of make image. Nothing stays but what it said: out/matrix/*.log. Last line: N passed, N failed, N skipped.
set -euo pipefail
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
cd "$here/../.."

readonly size=60G out=out/matrix binary=out/vmappliance image=out/image/debian
# What the package of a node depends on.
readonly packages=qemu-system-x86,qemu-utils,util-linux,iproute2,e2fsprogs,tar,procps,passwd
passed=0 failed=0

make_guest() { # RELEASE
  if [ "$1" = bookworm ]; then # that of make image
    cp -r "$image" "$place/guests/$1"
    return
  fi
  packaging/images/debian.sh --agent "$binary" --suite "$1" --output "$place/guests/$1" >"$out/guest-$1.log" 2>&1 || {
    cat "$out/guest-$1.log"
    return 1
  }
}

make_guests() { # RELEASE...: what is not made fails where it is tried
  local guest
  for guest in "$@"; do make_guest "$guest" || complain "make guest of $guest: failed"; done
}

make_node() { # RELEASE
  local root=$place/$1 hook
  make_root "$1" "$root" "$packages"
  furnish "$root" "node-$1"
  install -D -m 755 "$binary" "$root/usr/bin/vmappliance"
  mkdir -p "$root/usr/libexec/vmappliance" "$root/etc/vmappliance" "$root/guests"
  for hook in starter suspend resume; do ln -s /usr/bin/vmappliance "$root/usr/libexec/vmappliance/$hook"; done
  printf '[slots]\ncount = 2\nmemory = 512MiB\n' >"$root/etc/vmappliance/vmappliance.ini"
  install -m 755 "$here/node-side.sh" "$root/usr/bin/node-side"
  mount --bind "$place/guests" "$root/guests"
}

try() { # NODE GUEST
  local log=$out/$1-$2.log started=$SECONDS line
  echo "== matrix: node $1, guest $2"
  in_root "$place/$1" / node-side "$2" 2>&1 | tee "$log" || true
  line=$(tail -n 1 "$log" | grep -xE '[0-9]+ passed, [0-9]+ failed' || echo "0 passed, 1 failed")
  passed=$((passed + ${line%% *})) line=${line#*, } failed=$((failed + ${line%% *}))
  echo "== matrix: node $1, guest $2: $((SECONDS - started)) s"
}

inside() { # [NODE GUEST]
  local nodes=(bullseye bookworm trixie) guests=(bookworm trixie) node guest
  [ $# -lt 2 ] || nodes=("$1") guests=("$2")
  place=$PWD/$out/machine
  rm -f "$out"/*.log
  mount_disk "$size" "$place"
  mkdir "$place/guests"
  # Beside the first node: both wait for the network and for dpkg.
  make_guests "${guests[@]}" &
  for node in "${nodes[@]}"; do
    make_node "$node" || { complain "make node of $node: failed"; failed=$((failed + 1)); continue; }
    wait
    for guest in "${guests[@]}"; do try "$node" "$guest"; done
  done
  echo "$passed passed, $failed failed, 0 skipped"
  [ $failed = 0 ]
}

require_root
[ -x "$binary" ] || fail "find binary, $binary: not there" "make build"
mkdir -p "$out"
if [ "${1-}" = --inside ]; then
  inside "${@:2}"
else
  enter "$@"
fi
