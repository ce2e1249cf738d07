#!/bin/bash
# prepare.sh DIR : makes what node-vm.sh boots. Says nothing when DIR is up to date.
#
#   DIR/vmlinux     Debian's generic kernel, unpacked: QEMU starts it faster than the packed one (by its PVH entry)
#   DIR/xen.elf     Debian's Xen, unpacked because QEMU wants it so, for node-vm.sh --xen
#   DIR/initrd      busybox, a few modules, init, session and xen
#   DIR/layer       laid over the host's files: the kernel's modules, and the packages below where the host lacks them
#   DIR/made-from   packages and scripts that all this came from
#
# Nothing is installed on the host. DIR becomes complete or stays as it was.
set -euo pipefail
umask 022
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

# The cloud kernel would be smaller, but it has neither 9p nor Xen.
readonly kernel_package=linux-image-amd64
readonly xen_package=xen-system-amd64
readonly packages=(lvm2 dmsetup thin-provisioning-tools qemu-utils "$xen_package" xenstore-utils)
# Xen's tools depend on them, but none runs in the VM, and the host's libraries are as good.
readonly unwanted_packages='systemd\|udev'

# What init needs to find the host's files, the disks and the network, and session to be heard.
readonly initrd_modules=(virtio_pci virtio_console virtio_blk virtio_net 9p 9pnet_virtio overlay)
# Two thirds of a kernel are for hardware that a virtual machine never has.
readonly unwanted_drivers=(gpu hid iio infiniband input media mmc net/ethernet net/wireless scsi staging usb)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
modules_library=$(realpath "$here/../../packaging/images/lib/initrd.sh")
readonly here modules_library

fail() { # SENTENCE [HINT]
  echo "node-vm: $1" >&2
  [ $# -lt 2 ] || echo "(hint: $2)" >&2
  exit 1
}

need_tool() { # TOOL PACKAGE
  [ -x "$(type -P "$1")" ] || fail "find tool, $1: not installed" "apt-get install $2"
}

# For module_files and copy_modules: it is one matter to take a few modules and all they need.
# shellcheck source-path=SCRIPTDIR source=../../packaging/images/lib/initrd.sh
. "$modules_library"

check_host() {
  [ "$(id -u)" = 0 ] || fail "prepare node VM, $dir: only root can, the files keep their owners" "use sudo"
  need_tool apt-get apt
  need_tool busybox busybox-static
  need_tool cpio cpio
  need_tool depmod kmod
  need_tool xz xz-utils
}

scripts() { printf '%s\n' "$here"/{prepare.sh,init,session,xen} "$modules_library"; }

# Only a changed script, package list or set of installed packages makes it worth to ask apt, which takes seconds.
nothing_changed() {
  [ -e "$dir/made-from" ] || return 1
  local changed
  # shellcheck disable=SC2046 # one word per script
  changed=$(find $(scripts) /var/lib/apt/lists /var/lib/dpkg/status -newer "$dir/made-from" -print -quit)
  [ -z "$changed" ]
}

# Prints NAME=VERSION of the package that a package stands for, which has the version in its name.
newest() { # PACKAGE PATTERN
  local name version
  name=$(apt-cache show --no-all-versions "$1" | sed -n "s/^Depends:.* \($2[^ ,]*\).*/\1/p")
  version=$(apt-cache show --no-all-versions "$name" | sed -n 's/^Version: //p')
  [ -n "$version" ] || { echo "E: no package $1" >&2; return 1; }
  echo "$name=$version"
}

# Prints NAME=VERSION of each package to fetch: the kernel and Xen, then what apt would have to install on this host.
plan() {
  local kernel xen missing
  kernel=$(newest "$kernel_package" linux-image-) || return 1
  xen=$(newest "$xen_package" 'xen-hypervisor-[0-9]') || return 1
  missing=$(apt-get install --simulate --yes --no-install-recommends "${packages[@]}") || return 1
  printf '%s\n' "$kernel" "$xen"
  sed -n -e "/^Inst [^ ]*\($unwanted_packages\|xen-hypervisor-\)/d" -e 's/^Inst \([^ ]*\) .*(\([^ ]*\) .*/\1=\2/p' <<<"$missing"
}

made_from() { # PLAN
  printf '%s\n' "$1" "scripts=$(scripts | xargs -d '\n' cat | sha256sum | cut -d ' ' -f 1)"
}

download() { # PLAN
  mkdir -p "$work/debs"
  # shellcheck disable=SC2086 # one word per package
  (cd "$work/debs" && apt-get download -qq -o APT::Sandbox::User=root $1)
}

# Leaves the packages in work/debs and what they are in work/made-from; false if DIR was made from just these.
fetch() {
  local attempt plan
  # The package lists may be older than the archive: refresh them once and try again.
  for attempt in fresh stale; do
    if plan=$(plan 2>"$work/log"); then
      made_from "$plan" >"$work/made-from"
      if cmp -s "$work/made-from" "$dir/made-from"; then return 1; fi
      [ "$attempt" = stale ] || echo "node-vm: preparing $dir"
      if download "$plan" >"$work/log" 2>&1; then return 0; fi
    fi
    [ "$attempt" = stale ] || apt-get update -qq >/dev/null 2>&1 || true
  done
  fail "fetch packages, $kernel_package ${packages[*]}: $(sed -n 's/^E: //p' "$work/log" | head -n 1)" \
    "are the package sources of this host reachable?"
}

# Debian's packages still say /lib and /sbin. In the layer these are links, as on the host, or they would hide the host's.
unpack() { # PACKAGE TREE
  mkdir -p "$2"/usr/{bin,lib,lib64,sbin}
  ln -sfn -t "$2" usr/bin usr/lib usr/lib64 usr/sbin
  dpkg-deb --fsys-tarfile "$1" |
    tar -x -C "$2" --keep-directory-symlink --exclude='./usr/share/*/*' "${@:3}"
}

make_layer() {
  local package version
  version=$(basename "$work"/debs/linux-image-*.deb)
  version=${version#linux-image-} version=${version%%_*}
  for package in "$work"/debs/*.deb; do
    unpack "$package" "$work/new/layer" --exclude=./lib/modules/"*"/kernel/sound \
      "${unwanted_drivers[@]/#/--exclude=./lib/modules/*/kernel/drivers/}"
  done
  make_vmlinux "$work/new/layer/boot/vmlinuz-$version" "$work/new/vmlinux"
  gzip -dc "$work"/new/layer/boot/xen-*.gz >"$work/new/xen.elf"
  rm -r "$work/new/layer/boot"
  depmod -b "$work/new/layer/usr" "$version"
  make_initrd "$version" "$work/new/initrd"
}

number() { # FILE OFFSET BYTES
  od -A n -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# The boot protocol's header says where in the file the packed kernel lies.
make_vmlinux() { # VMLINUZ VMLINUX
  local sectors offset length
  sectors=$(number "$1" 0x1f1 1)
  offset=$(number "$1" 0x248 4)
  length=$(number "$1" 0x24c 4)
  length=$((length - 4)) # the last four bytes are the unpacked size, which is not xz's matter
  head -c $(((sectors + 1) * 512 + offset + length)) "$1" | tail -c "$length" | xz -dc >"$2" ||
    fail "unpack kernel, ${1##*/}: not packed with xz"
}

make_initrd() { # VERSION INITRD
  local tree=$work/initrd
  mkdir -p "$tree"/{bin,dev,etc,host,layer,proc,root,sys,upper}
  cp "$(type -P busybox)" "$tree/bin/busybox"
  install -m 755 "$here"/{init,session,xen} "$tree"
  echo "${initrd_modules[*]}" >"$tree/etc/modules"
  copy_modules "$work/new/layer/usr" "$1" "$tree" "${initrd_modules[@]}"
  (cd "$tree" && find . | cpio -o -H newc --quiet -R 0:0) >"$2"
}

publish() {
  mv "$work/made-from" "$work/new/"
  touch "$work/new/made-from"
  if [ -e "$dir" ]; then mv -T "$dir" "$work/old"; fi
  mv -T "$work/new" "$dir"
}

work=''
clean_up() {
  [ -n "$work" ] || return 0
  if [ -d "$work/old" ] && [ ! -e "$dir" ]; then mv -T "$work/old" "$dir"; fi
  rm -rf -- "$work"
}

main() {
  if [ $# != 1 ] || [ -z "$1" ]; then
    echo "usage: prepare.sh DIR" >&2
    exit 64
  fi
  dir=$(realpath -ms -- "$1")
  if nothing_changed; then return 0; fi
  check_host
  [ ! -e "$dir" ] || [ -e "$dir/made-from" ] || fail "replace directory, $dir: it holds something else" "name a new directory"
  mkdir -p "$(dirname "$dir")"
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  work=$(mktemp -d "$dir.XXXXXXXX")
  mkdir -m 755 "$work/new"
  if fetch; then
    make_layer
    publish
    echo "node-vm: prepared $dir in $SECONDS s"
  else
    touch "$dir/made-from"
  fi
}

main "$@"
