#!/bin/bash
# node-side.sh GUEST : the node's side of a job, tried in a root by matrix.sh, with the image in /guests/GUEST: resumed and booted,
# status, streams, signals, suspend, and that nothing is left. One line for each that failed. Last line: N passed, N failed.
set -uo pipefail
export LC_ALL=C.UTF-8
guest=$1 hooks=/usr/libexec/vmappliance owner=tester work=/var/tmp/node-side
passed=0 failed=0

check() { # WHAT EXPECTED ACTUAL
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'failed %s: %s: expected %q, got %q\n' "$guest" "$1" "$2" "$3"
    tail -n 3 "$work"/err 2>/dev/null
  fi
}

# Before a hook: it is run by the job's owner, who knows its job by the environment alone.
as_owner=() starter=()
know_job() { # JOB
  as_owner=(setpriv "--reuid=$owner" "--regid=$owner" --init-groups --inh-caps=-all --
    env -i "JOB_ID=$1" SGE_TASK_ID=1 "HOME=/home/$owner" "USER=$owner" PATH=/usr/bin:/bin)
  starter=("${as_owner[@]}" "$hooks/starter")
}

until_said() { # FILE TEXT: within a minute
  timeout 60 sh -c 'until grep -q "$2" "$1" 2>/dev/null; do sleep 0.1; done' sh "$1" "$2"
}

size() { stat -c %s "$1"; }

import() {
  local image=/guests/$guest
  vmappliance maintenance image import "$guest" --disk "$image/root.tar" --kernel "$image/kernel" --initrd "$image/initrd" \
    --append "$(cat "$image/append") mitigations=off init_on_alloc=0" >"$work/out" 2>"$work/err"
  check "import" 0 $?
  check "template" "image $guest: template, 1 cpu 512MiB" "$(grep template "$work/out")"
}

hold() { # WORD OF run...
  mkfifo "$work/in"
  vmappliance run --timeline --owner $owner --image "$guest" "$@" -- sh -c 'echo up; exec cat' <"$work/in" >"$work/held" 2>"$work/err" &
  holder=$!
  know_job "run$holder"
  exec 9>"$work/in"
  until_said "$work/held" up
  check "$*machine" 0 $?
}

let_go() { # STEP
  exec 9>&-
  wait "$holder"
  check "status of $1" 0 $?
  check "timeline of $1" 1 "$(grep -c " $1 [0-9]" "$work/err")"
  grep ' ready [0-9]' "$work/err" | sed "s/^/$guest: /"
  rm "$work/in"
}

streams() {
  check "streams" "in out err" "$(printf in | "${starter[@]}" sh -c 'cat; printf " out"; printf " err" >&2' 2>&1)"
  head -c 4000000 /dev/urandom >"$work/data"
  check "4 MB through it" "$(sha256sum <"$work/data")" "$("${starter[@]}" cat <"$work/data" 2>"$work/err" | sha256sum)"
}

# QEMU since 8.2 asks for no more than to read the template's memory; an older one gets it from us.
memory() {
  local version open_by_itself
  version=$(qemu-system-x86_64 --version | sed -n 's/.* version \([0-9]*\.[0-9]*\).*/\1/p')
  open_by_itself=$(printf '8.2\n%s\n' "$version" | sort -VC && echo 1 || echo 0)
  check "memory of QEMU $version" "$open_by_itself" "$(tr '\0' '\n' <"/proc/$(pgrep -o qemu)/cmdline" | grep -c 'share=off,mem-path=/proc/self/fd/.*,readonly=on,rom=off')"
}

statuses() {
  "${starter[@]}" sh -c 'exit 7' 2>"$work/err"
  check "status" 7 $?
}

signals() {
  "${starter[@]}" sh -c 'trap "echo got USR1; exit 9" USR1; echo ready; while :; do sleep 0.1; done' >"$work/job" 2>"$work/err" &
  local pid=$!
  until_said "$work/job" ready
  kill -USR1 "$pid"
  wait "$pid"
  check "status after a signal" 9 $?
  check "what the signal did" "ready got USR1" "$(tr '\n' ' ' <"$work/job" | sed 's/ $//')"
}

suspends() {
  local pid before
  "${starter[@]}" sh -c 'echo tick; while :; do sleep 0.1; echo tick; done' >"$work/job" 2>"$work/err" &
  pid=$!
  until_said "$work/job" tick
  "${as_owner[@]}" $hooks/suspend "run$holder" 1 2>"$work/err"
  check "suspend" 0 $?
  sleep 1 # what was on its way has come
  before=$(size "$work/job")
  sleep 1
  check "output while it is suspended" "$before" "$(size "$work/job")"
  "${as_owner[@]}" $hooks/resume "run$holder" 1 2>"$work/err"
  check "resume" 0 $?
  check "output after it" more "$(timeout 60 sh -c 'until [ "$(stat -c %s "$1")" -gt "$2" ]; do sleep 0.1; done; echo more' sh "$work/job" "$before")"
  kill -TERM "$pid"
  wait "$pid"
  check "status of what was ended" 143 $?
}

# What a session costs in the guest, by its sshd: how long the starter takes for nothing, and how many processes are made meanwhile.
measure() {
  local first last began
  first=$("${starter[@]}" sed -n 's/^processes //p' /proc/stat)
  began=$(date +%s%N)
  "${starter[@]}" true
  printf '%s: a call takes %s ms' "$guest" $((($(date +%s%N) - began) / 1000000))
  last=$("${starter[@]}" sed -n 's/^processes //p' /proc/stat)
  printf ', a session makes %s processes; %s\n' $(((last - first) / 2)) "$("${starter[@]}" /usr/sbin/sshd -V 2>&1 | head -n 1)"
}

rests() {
  check "slots" "0 of 2 slots taken" "$(vmappliance maintenance status | sed 's/;.*//')"
  check "leases" "" "$(ls /run/vmappliance/leases)"
  check "machines" "" "$(pgrep -l qemu)"
}

rm -rf "$work" && mkdir -p "$work"
id $owner >/dev/null 2>&1 || useradd --create-home $owner
vmappliance maintenance check >"$work/out" 2>"$work/err"
check "QEMU" "ok       machine: QEMU can start one as an account that may nothing on this node" "$(grep ' machine: ' "$work/out")"
import
for step in resume start; do
  if [ $step = resume ]; then hold && memory; else hold --cold; fi
  statuses
  streams
  signals
  suspends
  measure
  let_go $step
  rests
done
vmappliance maintenance image remove "$guest" >"$work/out" 2>"$work/err"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
