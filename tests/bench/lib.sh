# What the ways share: one machine of QEMU, and its end. Sourced by each of them and by prepare.sh; works in the directory $BENCH.
# shellcheck shell=bash disable=SC2054 # QEMU's options have commas
umask 022
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

way=${0##*/}
disk=machine.$$.qcow2 log=machine.$$.log said=machine.$$.said machine='' child=''

fail() { # SENTENCE [HINT]
  echo "${way%.sh}: $1${2:+ (hint: $2)}" >&2
  exit 1
}

# Bash says that it lost a child, which is no news.
clean_up() {
  local pid
  for pid in $child $machine; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -f -- "$disk" "$log" "$said"
}

[ -r "${BENCH-}/BENCH_ACCEL" ] || fail "enter directory, BENCH=${BENCH-}: not made by prepare.sh" "prepare.sh DIR ROOT_TAR KERNEL INITRD"
cd -- "$BENCH" || exit
read -r accel <BENCH_ACCEL
case $accel in tcg) cpu=max ;; kvm) cpu=host ;; *) fail "read file, $BENCH/BENCH_ACCEL: '$accel' is neither tcg nor kvm" ;; esac
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Port 0: the kernel picks one that is free, so copies that run at once cannot want the same.
qemu=(qemu-system-x86_64 -cpu "$cpu" -m 256 -smp 1 -nodefaults -no-user-config -display none -no-reboot -serial null -qmp stdio
  -netdev user,id=net,hostfwd=tcp:127.0.0.1:0-:22 -device virtio-net-pci,netdev=net,romfile= -device virtio-blk-pci,drive=disk)
# The image's own kernel arguments: packaging/images/debian.sh says why.
kernel=(-kernel kernel -initrd initrd -append
  "console=ttyS0 quiet root=/dev/vda rw panic=-1 reboot=t net.ifnames=0 tsc=reliable no_timer_check 8250.nr_uarts=1 i8042.noaux i8042.nokbd cryptomgr.notests")
ssh=(ssh -F /dev/null -i key -l root -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=known_hosts
  -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias=machine -o IdentitiesOnly=yes -o IdentityAgent=none -o LogLevel=ERROR)

# Runs a command and waits for it so that a signal ends both at once.
attend() { # COMMAND...
  local status=0
  "$@" &
  child=$!
  wait "$child" || status=$?
  child=''
  return $status
}

# Starts QEMU, asks its monitor for the port, which is in $port then, and gives it more commands.
start_machine() { # MONITOR_COMMANDS QEMU_ARGUMENT...
  coproc monitor { exec "${qemu[@]}" "${@:2}" 2>>"$log"; }
  # shellcheck disable=SC2154 # coproc sets it
  machine=$monitor_PID
  # Copies, because bash takes its own away when QEMU ends.
  exec {from_machine}<&"${monitor[0]}" {to_machine}>&"${monitor[1]}"
  tell '{"execute":"qmp_capabilities"}
    {"execute":"human-monitor-command","arguments":{"command-line":"info usernet"}}'"$1"
  await HOST_FORWARD
  [[ $answer =~ 127\.0\.0\.1\ +([0-9]+)\  ]] || fail "start machine: QEMU does not tell its port"
  port=${BASH_REMATCH[1]}
}

tell() { echo "$1" >&"$to_machine"; } # MONITOR_COMMANDS

# Reads what the monitor says until that holds the given words; it is in $answer.
await() { # WORDS
  while read -r -t 60 -u "$from_machine" answer; do
    case $answer in
      *"$1"*) return ;;
      '{"error"'*) fail "ask QEMU: $answer" ;;
    esac
  done
  fail "start machine: $(last_words QEMU "$log")"
}

last_words() { # SPEAKER FILE
  local words
  words=$(tail -n 1 "$2" 2>/dev/null) || true
  echo "${words:-$1 says nothing}"
}

ask() { # SECONDS_TO_CONNECT COMMAND
  attend "${ssh[@]}" -o ConnectTimeout="$1" -p "$port" 127.0.0.1 "$2" 2>"$said"
}

run_job() {
  ask 60 'echo started' || fail "run job: $(last_words ssh "$said")"
}

# What everybody scripts: an overlay, a boot, ssh until it answers.
boot_and_run() { # IMAGE
  qemu-img create -q -f qcow2 -b "$1" -F raw "$disk"
  start_machine '' -machine "q35,accel=$accel" "${kernel[@]}" -drive "if=none,id=disk,file=$disk,format=qcow2,cache=unsafe"
  await_ssh sleep 1
  # Not the job itself is tried: one that fails would look like a machine that is not there yet.
  run_job
}

# The port is QEMU's and takes connections before the guest can: without a time-out the first try would hang.
await_ssh() { # PAUSE...
  local started=$SECONDS
  until ask 1 true; do
    [ $((SECONDS - started)) -lt 180 ] || fail "wait for machine: no answer in 180 s: $(last_words ssh "$said")"
    kill -0 "$machine" 2>/dev/null || fail "wait for machine: it ended: $(last_words QEMU "$log")"
    attend "$@"
  done
}
