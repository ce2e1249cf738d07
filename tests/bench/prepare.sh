#!/bin/bash
# prepare.sh DIR ROOT_TAR KERNEL INITRD : makes all that the ways of the benchmark need, so that they do nothing that could be done before.
#
#   DIR/BENCH_ACCEL    tcg or kvm, as the environment's BENCH_ACCEL said (default: as it is, or tcg)
#   DIR/key known_hosts host_key   for ssh: the only key that may log in, and the only machine there is
#   DIR/kernel initrd  as given
#   DIR/plain.raw      ROOT_TAR with an init that starts the network and sshd, and not our agent
#   DIR/template/      plain.raw booted, logged in to once, and frozen: memory, state, disk; DIR/overlay.qcow2 an empty overlay of the disk
#   DIR/systemd.raw    a stock Debian with systemd and sshd; made once, remove it to have it made again
#   DIR/golden/        the tree in it, and DIR/slot, where original.sh mounts slot.raw; where loop mounts work
#   DIR/slot.raw       a disk with systemd.raw in it that original.sh uses again and again
set -euo pipefail
umask 022
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

complain() { # SENTENCE [HINT]
  echo "prepare: $1" >&2
  [ $# -lt 2 ] || echo "(hint: $2)" >&2
}

need_tool() { # TOOL PACKAGE
  [ -x "$(type -P "$1")" ] || { complain "find tool $1: not installed" "apt-get install $2"; exit 1; }
}

if [ $# != 4 ] || [ -z "$1" ]; then
  echo "usage: prepare.sh DIR ROOT_TAR KERNEL INITRD" >&2
  exit 64
fi
dir=$(realpath -m -- "$1") root_tar=$(realpath -- "$2") kernel_file=$(realpath -- "$3") initrd_file=$(realpath -- "$4")
[ "$(id -u)" = 0 ] || { complain "prepare $dir: only root can, the images' files keep their owners" "use sudo"; exit 1; }
need_tool qemu-system-x86_64 qemu-system-x86
need_tool qemu-img qemu-utils
need_tool mmdebstrap mmdebstrap
need_tool mkfs.ext4 e2fsprogs
need_tool rsync rsync
need_tool ssh openssh-client

mkdir -p -- "$dir"
if [ -n "${BENCH_ACCEL-}" ] || [ ! -e "$dir/BENCH_ACCEL" ]; then echo "${BENCH_ACCEL:-tcg}" >"$dir/BENCH_ACCEL"; fi
export BENCH=$dir
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
# Where packages come from is one matter for all images.
# shellcheck source-path=SCRIPTDIR source=../../packaging/images/lib/sources.sh
. "$here/../../packaging/images/lib/sources.sh"

# From here on the directory is $dir.
work=$dir/new.$$ installer=''
leave() {
  if [ -n "$installer" ]; then
    kill -TERM -- "-$installer" 2>/dev/null || true
    wait "$installer" 2>/dev/null || true
  fi
  clean_up
  rm -rf --one-file-system -- "$work"
}
trap leave EXIT
mkdir "$work"

make_keys() {
  local name
  for name in key host_key; do
    [ -e "$name" ] && continue
    rm -f systemd.raw # it has the old one
    ssh-keygen -q -t ecdsa -b 256 -N '' -C bench -f "$name"
  done
  echo "machine $(<host_key.pub)" >known_hosts
}

put_keys() { # ROOT
  rm -f "$1"/etc/ssh/ssh_host_*
  install -m 600 host_key "$1/etc/ssh/ssh_host_ecdsa_key"
  install -m 644 host_key.pub "$1/etc/ssh/ssh_host_ecdsa_key.pub"
  install -d -m 700 "$1/root/.ssh"
  install -m 600 key.pub "$1/root/.ssh/authorized_keys"
}

make_disk() { # ROOT FILE : without a mount
  truncate -s 1G "$2"
  mkfs.ext4 -q -F -E lazy_itable_init=1,nodiscard -d "$1" "$2"
}

make_plain() {
  local root=$work/plain
  mkdir "$root"
  tar -C "$root" --numeric-owner --xattrs --xattrs-include=security.capability -xpf "$root_tar"
  rm "$root/usr/bin/vmappliance"
  sed '/vmappliance guest/d' "$here/../../packaging/images/guest/inittab" >"$root/etc/inittab"
  cat >>"$root/etc/inittab" <<'END'
::sysinit:/bin/busybox ip link set eth0 up
::sysinit:/bin/busybox ip address add 10.0.2.15/24 dev eth0
::sysinit:/bin/busybox ip route add default via 10.0.2.2
::respawn:/usr/sbin/sshd -D
END
  # Like our agent's sshd: what costs time and gives a job nothing is off.
  printf '%s\n' 'UsePAM no' 'UseDNS no' 'X11Forwarding no' 'PrintMotd no' 'PrintLastLog no' 'PasswordAuthentication no' 'LogLevel ERROR' \
    >"$root/etc/ssh/sshd_config.d/bench.conf"
  put_keys "$root"
  make_disk "$root" plain.raw
  rm -rf -- "$root"
}

# In the background, and in a process group of its own, so that a signal reaches apt and dpkg too.
install_debian() { # ROOT
  local status=0 option options=()
  for option in 'path-exclude=/usr/share/'{man,doc,info,locale,lintian}'/*'; do options+=(--dpkgopt="$option"); done
  mirrors=()
  host_debian_sources bookworm
  host_apt_options >"$work/apt.conf"
  set -m
  mmdebstrap --mode=root --variant=minbase --format=directory \
    --include=openssh-server,iproute2,systemd,systemd-sysv,dbus,libpam-systemd,udev,kmod \
    --hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr --aptopt="$work/apt.conf" "${options[@]}" \
    bookworm "$1" "${mirrors[@]}" </dev/null >"$work/log" 2>&1 &
  installer=$!
  set +m
  wait "$installer" || status=$?
  installer=''
  [ $status = 0 ] || fail "install packages of bookworm: $(grep '^E: ' "$work/log" | head -n 1)" "are the package sources reachable?"
}

# As a machine that has booted once: no first-boot work. All else is as Debian installs it.
make_systemd() {
  local root=$work/systemd
  install_debian "$root"
  tar -C "$root" --numeric-owner -xpf "$root_tar" ./usr/lib/modules
  cat >"$root/etc/systemd/network/eth0.network" <<'END'
[Match]
Name=eth0
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
END
  systemctl --quiet --root="$root" enable systemd-networkd.service 2>>"$work/log" ||
    fail "enable network of systemd.raw: $(tail -n 1 "$work/log")"
  echo machine >"$root/etc/hostname"
  echo 1c5a3a1d0b7e4f0f8d4f8a3f0c2b6e11 >"$root/etc/machine-id"
  touch "$root/etc/.updated" "$root/var/.updated"
  rm -f "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*_*
  put_keys "$root"
  make_disk "$root" "$work/systemd.raw"
  rm -rf -- golden slot
  if loop_mounts_work; then
    mv "$root" golden
    mkdir slot
  fi
  rm -f slot.raw
  cp --sparse=always "$work/systemd.raw" slot.raw
  mv "$work/systemd.raw" systemd.raw
}

loop_mounts_work() {
  mkdir "$work/mount"
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount bash -c 'mount -o loop "$1" "$2" && umount "$2"' - "$work/systemd.raw" "$work/mount" 2>/dev/null
}

# Memory that is a file is not in the state, and the machines that are resumed share what they do not write.
freeze() {
  mkdir "$work/template"
  cp --sparse=always plain.raw "$work/template/disk"
  start_machine '' -machine "q35,accel=$accel,memory-backend=ram" "${kernel[@]}" \
    -object "memory-backend-file,id=ram,size=256M,mem-path=$work/template/memory,share=on" \
    -drive "if=none,id=disk,file=$work/template/disk,format=raw,cache=unsafe"
  await_ssh true
  tell '{"execute":"migrate-set-capabilities","arguments":{"capabilities":[
      {"capability":"x-ignore-shared","state":true},{"capability":"events","state":true}]}}
    {"execute":"migrate-set-parameters","arguments":{"max-bandwidth":1099511627776}}
    {"execute":"migrate","arguments":{"uri":"exec:cat >'"'$work/template/state'"'"}}'
  await '"completed"'
  tell '{"execute":"quit"}'
  wait "$machine" || fail "freeze machine: $(last_words QEMU "$log")"
  machine=''
  rm -rf template
  mv "$work/template" template
  # The path of the disk is found from where the overlay is: each copy has to be in DIR, too.
  qemu-img create -q -f qcow2 -b template/disk -F raw overlay.qcow2
}

main() {
  make_keys
  cp "$kernel_file" kernel
  cp "$initrd_file" initrd
  make_plain
  freeze
  if [ ! -e systemd.raw ]; then make_systemd; fi
  # What is still to be written would be written while the ways are measured.
  sync -f .
  echo "prepare: $dir ($accel) in $SECONDS s"
}

main
