#!/bin/bash
# node-vm.sh [OPTION]... -- COMMAND... : runs a command as root in a throw-away VM whose kernel has device-mapper.
#
#   --disk SIZE         an empty disk, gone afterwards (may be repeated: /dev/vda, /dev/vdb ... in the order given)
#   --disk-file FILE    a disk that lasts: a raw image, taken as it is (may be repeated, in one order with --disk)
#   --share DIR         a directory of the host that the command may write, at the same path
#   --forward PORT:PORT the host's port on 127.0.0.1 leads to the VM's port (may be repeated)
#   --xen               under Xen, as its dom0: with a bridge vmabr0 that has 192.168.77.1/24, xl, and what xl needs
#   --memory MIB        default 2048; under Xen dom0 gets half of it
#   --cpus N            default 2; under Xen 1, because two need a host that is idle
#   --timeout SECONDS   for boot and command together, default 600
#   --may-crash         the command may end the VM by a crash: exit status 0 then
#
# The command sees the host's files at their places, and what it writes is gone afterwards. /dev, /proc, /sys, /run and
# /tmp are the VM's own. It starts in the current directory with PATH, HOME and LC_ALL only, and reads nothing.
# Exit status: the command's; 124 when time is up; 125 when the VM failed. prepare.sh makes the VM: out/node-vm, or $NODE_VM.
# shellcheck disable=SC2054 # QEMU's options have commas
set -euo pipefail
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vm=$(realpath -m -- "${NODE_VM:-$here/../../out/node-vm}")

complain() { # SENTENCE [HINT]
  echo "node-vm: $1" >&2
  [ $# -lt 2 ] || echo "(hint: $2)" >&2
}

wrong_usage() {
  complain "read arguments, $1" "node-vm.sh --help lists them"
  exit 64
}

give_up() {
  complain "$@"
  exit 125
}

disks=() share='' forwards=() xen='' memory=2048 cpus='' timeout=600 may_crash='' command=()
read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --help) sed -n '/^# shellcheck/q; 2,$s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
      --may-crash) may_crash=yes; shift; continue ;;
      --xen) xen=yes; shift; continue ;;
      --) shift; command=("$@"); break ;;
      --disk | --disk-file | --share | --forward | --memory | --cpus | --timeout) [ -n "${2-}" ] || wrong_usage "$1: needs a value" ;;
      *) wrong_usage "$1: not known" ;;
    esac
    case $1 in
      --memory | --cpus | --timeout) [[ $2 =~ ^[1-9][0-9]*$ ]] || wrong_usage "$1 $2: not a number above 0" ;;
      --forward) [[ $2 =~ ^[0-9]+:[0-9]+$ ]] || wrong_usage "$1 $2: not two ports" ;;
      --disk) [[ $2 =~ ^[1-9][0-9]*[KMGT]?$ ]] || wrong_usage "$1 $2: not a size such as 64M" ;;
      --disk-file) [ -f "$2" ] || wrong_usage "$1 $2: no such file" ;;
      --share) [ -d "$2" ] || wrong_usage "$1 $2: no such directory" ;;
    esac
    case $1 in
      --disk) disks+=("new $2") ;;
      --disk-file) disks+=("file $(realpath -- "$2")") ;;
      --share) share=$(realpath -s -- "$2") ;;
      --forward) forwards+=("$2") ;;
      --memory) memory=$2 ;;
      --cpus) cpus=$2 ;;
      --timeout) timeout=$2 ;;
    esac
    shift 2
  done
  if [ -z "$cpus" ]; then
    cpus=2
    [ -z "$xen" ] || cpus=1
  fi
  [ ${#command[@]} -gt 0 ] || wrong_usage "COMMAND: missing after --"
}

check_host() {
  [ "$(id -u)" = 0 ] || give_up "start VM, $vm: only root can, the VM's root sees every file" "use sudo"
  [ -e "$vm/made-from" ] || give_up "start VM, $vm: not there" "$here/prepare.sh $vm"
  [ -x "$(type -P qemu-system-x86_64)" ] || give_up "start VM, qemu-system-x86_64: not installed" "apt-get install qemu-system-x86"
}

# The words travel quoted, in a file: bash reads them back as they were.
write_command() {
  local unseen="node-vm: enter directory, $PWD: the VM does not see it" hint="(hint: /tmp and /run are the VM's own: --share the directory)"
  local clean=(env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8)
  {
    printf 'cd -- %q 2>/dev/null || { printf "%%s\\n" %q %q >&2; exit 125; }\n' "$PWD" "$unseen" "$hint"
    printf 'exec'
    printf ' %q' "${clean[@]}" "${command[@]}"
    printf '\n'
  } >"$work/control/command"
  [ -z "$share" ] || printf '%s' "$share" >"$work/control/share"
}

arguments=()
describe_machine() {
  # To boot faster: no probing of what a virtual PC does not have, no tests, no guarding against itself, no clearing of pages twice.
  local kernel='quiet panic=-1 net.ifnames=0 tsc=reliable no_timer_check 8250.nr_uarts=1 cryptomgr.notests mitigations=off init_on_alloc=0 random.trust_cpu=on'
  arguments=(
    -nodefaults -no-user-config -no-reboot -display none
    -machine q35 -accel tcg,thread=multi -smp "$cpus" -m "$memory"
    -serial "file:$work/console"
    -device virtio-serial-pci
  )
  if [ -n "$xen" ]; then describe_xen "console=hvc0 $kernel"; else describe_kernel "console=ttyS0 $kernel"; fi
  describe_port 1 stdout
  describe_port 2 stderr
  describe_share host / ,readonly=on
  describe_share layer "$vm/layer" ,readonly=on
  describe_share control "$work/control"
  [ -z "$share" ] || describe_share share "$share"
  describe_network
  describe_disks
}

describe_kernel() { # KERNEL'S ARGUMENTS
  arguments+=(-cpu max -kernel "$vm/vmlinux" -initrd "$vm/initrd" -append "$1")
}

# QEMU starts Xen as a boot loader would, with the kernel and its initrd as modules: a list of FILE ARGUMENTS, so that
# their directory must not be named in it. It is TCG's fault that with SMAP dom0 dies at once, with RDTSCP a PVH guest
# hangs, and with XSAVE programs find other values in their SSE and AVX registers now and then, once two domains run.
describe_xen() { # KERNEL'S ARGUMENTS
  local dom0=$((memory / 2))M
  local xen=(
    console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=warning "dom0_mem=$dom0,max:$dom0"
    no-real-mode edd=off xsave=no spec-ctrl=no ucode=no watchdog=0 smt=1
  )
  arguments+=(-cpu max,-smap,-rdtscp -kernel xen.elf -initrd "vmlinux ${1//,/,,},initrd" -append "${xen[*]}")
}

# Into files, because only they take all that comes: a slow reader cannot make the VM lose its last words.
describe_port() { # NUMBER NAME
  arguments+=(-chardev "file,id=$2,path=$work/$2" -device "virtserialport,chardev=$2,nr=$1")
}

describe_share() { # NAME DIR [OPTIONS]
  # The host's / is more than one file system: their inode numbers must be told apart.
  arguments+=(-fsdev "local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap${3-}" -device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

describe_network() {
  local forward user=user,id=net,ipv6=off
  for forward in "${forwards[@]}"; do user+=,hostfwd=tcp:127.0.0.1:${forward%:*}-:${forward#*:}; done
  arguments+=(-netdev "$user" -device virtio-net-pci,netdev=net,romfile=)
}

describe_disks() {
  local disk file number=0
  for disk in "${disks[@]}"; do
    file=${disk#* }
    if [ "${disk%% *}" = new ]; then
      truncate -s "$file" "$work/disk$number"
      file=$work/disk$number
    fi
    arguments+=(-drive "if=none,id=disk$number,file=${file//,/,,},format=raw,cache=unsafe,discard=unmap"
      -device "virtio-blk-pci,drive=disk$number")
    number=$((number + 1))
  done
}

work='' machine=''
# shellcheck disable=SC2317 # called at the end
clean_up() {
  if [ -n "$machine" ]; then
    kill -TERM "$machine" 2>/dev/null || true
    wait # the two that follow the output end with the machine
  fi
  [ -z "$work" ] || rm -rf -- "$work"
}

follow() { # NAME : what the command writes, as it comes
  exec setpriv --pdeathsig TERM tail --follow --bytes=+1 --sleep-interval=0.1 --pid="$machine" "$work/$1"
}

run_machine() {
  touch "$work"/{stdout,stderr,console}
  # Should this script be killed, the kernel ends the machine and the two that follow its output.
  env --chdir="$vm" setpriv --pdeathsig TERM timeout --kill-after=5 "$timeout" qemu-system-x86_64 "${arguments[@]}" </dev/null >"$work/qemu" 2>&1 &
  machine=$!
  follow stdout &
  follow stderr >&2 &
  local status=0
  wait "$machine" || status=$?
  wait
  machine=''
  return $status
}

last_words() {
  local file
  for file in qemu console; do
    tail -n 40 "$work/$file" | tr -d '\r' | sed "s/^/  $file: /" >&2
  done
}

conclude() { # QEMU'S EXIT STATUS
  local control=$work/control
  [ ! -s "$control/status" ] || exit "$(<"$control/status")"
  if [ "$1" = 124 ] || [ "$1" = 137 ]; then
    complain "run command, ${command[0]}: not done after $timeout s" "--timeout gives it more"
    [ -e "$control/started" ] || last_words
    exit 124
  fi
  if [ -n "$may_crash" ] && [ -e "$control/started" ] && [ "$1" = 0 ]; then exit 0; fi
  last_words
  if [ ! -e "$control/started" ]; then give_up "start VM, $vm: it ended before the command began (QEMU's status $1)" "look above"; fi
  give_up "run command, ${command[0]}: the VM ended before it (QEMU's status $1)" "look above; --may-crash if it was meant to"
}

main() {
  read_arguments "$@"
  check_host
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  work=$(mktemp -d "${TMPDIR:-/tmp}/node-vm.XXXXXXXX")
  mkdir "$work/control"
  write_command
  describe_machine
  local status=0
  run_machine || status=$?
  conclude "$status"
}

main "$@"
