#!/bin/bash
# Builds a Debian guest image, ready for `vmappliance maintenance image import`:
# DIR/root.tar, DIR/kernel, DIR/initrd and DIR/append (the recommended kernel arguments).
# DIR appears complete or not at all; nothing else of the host is changed.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154 # lib/ is beside this file
set -Eeuo pipefail
umask 022
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib/report.sh"
. "$here/lib/sources.sh"
. "$here/lib/guest.sh"
. "$here/lib/initrd.sh"

usage() {
  cat <<USAGE
usage: debian.sh --agent BINARY --output DIR [--suite SUITE] [--init busybox|systemd]
                 [--include PKG,PKG]... [--mirror URL]...
  --agent BINARY   the static vmappliance binary; becomes /usr/bin/vmappliance in the guest
  --output DIR     where root.tar, kernel, initrd and append go; an earlier image there is replaced
  --suite SUITE    Debian release (default: bookworm)
  --init NAME      busybox (default, boots fastest) or systemd
  --include PKGS   more packages for the guest
  --mirror URL     package source, or a whole "deb ..." line (default: the host's own Debian sources)
USAGE
}

wrong_usage() {
  complain "read arguments: $1" "debian.sh --help lists them"
  exit 64
}

agent='' output='' suite=bookworm init=busybox mirrors=() include=()
read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage; exit 0 ;;
      --agent | --output | --suite | --init | --include | --mirror) [ -n "${2-}" ] || wrong_usage "$1 needs a value" ;;
      *) wrong_usage "'$1' is not known" ;;
    esac
    case $1 in
      --agent) agent=$2 ;;
      --output) output=$2 ;;
      --suite) suite=$2 ;;
      --init) init=$2 ;;
      --include) include+=("$2") ;;
      --mirror) mirrors+=("$2") ;;
    esac
    shift 2
  done
  [ -n "$agent" ] || wrong_usage "--agent is missing"
  [ -n "$output" ] || wrong_usage "--output is missing"
  case $init in busybox | systemd) ;; *) wrong_usage "--init '$init' is neither busybox nor systemd" ;; esac
  case $suite in *[!a-z0-9.-]*) wrong_usage "--suite '$suite' is not the name of a release" ;; esac
}

need_tool() { # TOOL PACKAGE
  [ -x "$(type -P "$1")" ] || fail "find tool $1: not installed" "apt-get install $2"
}

check_host() {
  [ "$(id -u)" = 0 ] || fail "build image: root is needed, to keep the owners of the guest's files" "run it with sudo"
  need_tool mmdebstrap mmdebstrap
  need_tool cpio cpio
  need_tool depmod kmod
  need_tool modprobe kmod
  need_tool busybox busybox-static
  # The dynamic busybox would find no libraries in the initrd.
  if ldd "$(command -v busybox)" >/dev/null 2>&1; then
    fail "find static busybox: $(command -v busybox) is dynamically linked" "apt-get install busybox-static"
  fi
  [ "$(dpkg --print-architecture)" = amd64 ] || fail "build image: this machine is not amd64"
  if [ ! -f "$agent" ] || [ ! -s "$agent" ]; then fail "read agent $agent: no such file, or empty" "make build"; fi
}

# The image is made in a directory beside DIR, so that the last step is a rename on one file system.
prepare_output() {
  local parent other why
  output=$(realpath -ms -- "$output")
  parent=$(dirname "$output")
  why=$(mkdir -p "$parent" 2>&1) || fail "create directory $parent: ${why##*: }"
  [ ! -L "$output" ] || fail "replace $output: it is a link" "give the directory itself"
  if [ -e "$output" ]; then
    [ -d "$output" ] || fail "replace $output: it is not a directory"
    other=$(find "$output" -mindepth 1 -maxdepth 1 ! -name root.tar ! -name kernel ! -name initrd ! -name append -print -quit)
    [ -z "$other" ] || fail "replace $output: it holds something that is not an image: ${other##*/}" "give an empty or a new directory"
  fi
  why=$(mktemp -d "$output.XXXXXXXX" 2>&1) || fail "create directory beside $output: ${why##*: }"
  work=$why
  chmod 755 "$work" # apt fetches as its own user
  mkdir "$work/new" "$work/kernel"
}

# mmdebstrap runs in the background because only so bash acts on a signal at once, and in a process group
# of its own because only so the signal reaches apt and dpkg too.
install_packages() {
  local packages=openssh-server,iproute2,$1 status=0 option options=()
  [ ${#include[@]} = 0 ] || packages+=$(printf ',%s' "${include[@]}")
  for option in 'path-exclude=/usr/share/'{man,doc,info,locale,lintian}'/*' 'path-include=/usr/share/doc/*/copyright'; do
    options+=(--dpkgopt="$option")
  done
  host_apt_options >"$work/apt.conf"
  set -m
  KERNEL_DIR=$work/kernel mmdebstrap --mode=root --variant=minbase --format=directory --include="$packages" \
    --hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr --customize-hook="$here/lib/fetch-kernel" \
    --aptopt="$work/apt.conf" "${options[@]}" "$suite" "$work/root" "${mirrors[@]}" </dev/null >"$work/log" 2>&1 &
  installer=$!
  set +m
  wait "$installer" || status=$?
  installer=''
  [ $status = 0 ] || explain_install_failure
}

# apt says why in a line with "E:"; where dpkg failed under it, only the end of its output tells more.
explain_install_failure() {
  local reason
  reason=$(grep '^E: ' "$work/log" | grep -v -e 'mmdebstrap failed' -e '^E: \(setup\|command\|run_\)' | head -n 1) || true
  case $reason in '' | *Sub-process*) tail -n 15 "$work/log" | sed 's/^/  /' >&2 ;; esac
  reason=${reason#E: }
  fail "install packages of $suite: ${reason:-mmdebstrap failed, see above}" \
    "are the package sources reachable, and do all --include packages exist there?"
}

unpack_kernel() {
  local package=("$work"/kernel/*.deb)
  dpkg-deb -x "${package[0]}" "$work/kernel/x"
  modules=$work/kernel/x
  [ ! -d "$modules/usr/lib/modules" ] || modules=$modules/usr
  kernel_version=$(basename "$modules"/lib/modules/*)
  depmod -b "$modules" "$kernel_version"
  install -m 644 "$work/kernel/x/boot/vmlinuz-$kernel_version" "$work/new/kernel"
}

pack_root() {
  tar -C "$work/root" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime --numeric-owner --one-file-system \
    --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
    --xattrs --xattrs-include=security.capability -cf "$work/new/root.tar" .
}

write_append() {
  # panic=-1 reboot=t: a dead kernel ends its machine. Those from tsc on save boot time (no probing of what a
  # virtual PC does not have), and no_timer_check a kernel that tests its timer on a node that is busy: it would panic. The disk does not outlast its machine: nothing needs to be hurried to it.
  # psi, and the security modules that have no rules here, take their part of each switch and each path.
  echo "console=ttyS0 quiet root=/dev/vda rw panic=-1 reboot=t net.ifnames=0" \
    "tsc=reliable no_timer_check 8250.nr_uarts=1 i8042.noaux i8042.nokbd cryptomgr.notests psi=0 lsm=landlock,yama rootflags=noatime,noauto_da_alloc" >"$work/new/append"
}

publish() {
  chmod 644 "$work"/new/*
  if [ -e "$output" ]; then mv -T "$output" "$work/old"; fi
  mv -T "$work/new" "$output"
}

main() {
  read_arguments "$@"
  check_host
  # Two builds on one day, from the same packages, give the same bytes.
  export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$((EPOCHSECONDS / 86400 * 86400))}
  prepare_output
  [ ${#mirrors[@]} -gt 0 ] || host_debian_sources "$suite"
  step "install packages ($suite, $init)"
  case $init in
    busybox) install_packages busybox-static ;; # no libraries to load: each start is faster
    systemd) install_packages systemd-sysv,dbus,libpam-systemd,udev,kmod ;;
  esac
  step "unpack kernel"
  unpack_kernel
  step "make initrd ($kernel_version)"
  make_initrd "$modules" "$kernel_version" "$work/new/initrd"
  step "finish guest"
  finish_guest "$work/root" "$init"
  copy_modules "$modules" "$kernel_version" "$work/root" "${boot_modules[@]}" "${guest_modules[@]}"
  step "pack root.tar"
  pack_root
  write_append
  publish
  echo "debian.sh: $output: root.tar $(size root.tar), kernel $(size kernel), initrd $(size initrd), ${SECONDS} s"
}

size() { echo "$(($(stat -c %s "$output/$1") / 1000000)) MB"; }

main "$@"
