#!/bin/bash
# node.sh [xen|nested|bench|bench-xen] : the tests that need a kernel with device-mapper, or Xen, in node VMs: those of storage on one
# processor, beside all the others on another.
# Last line: N passed, N failed, N skipped. With "xen": the tests of Xen alone. With "nested": those of machines in the node VM, which take
# a quarter of an hour and are not among the others. With "bench": the storage benchmark alone,
# its figures in out/bench. With "bench-xen": what a prolog adds to a bare xl create.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
program=out/node-tests/VmAppliance.NodeTests
out=out/test
mkdir -p "$out" out/bench
passed=0 failed=0 skipped=0

count() { # LOG WORD
  awk -v word="$2:" '$1 == word { n = $2 } END { print n + 0 }' "$1"
}

# The checkout is shared wherever it lies: the VM has a /tmp of its own.
words=()
words_for_vm() { # FILTER LEAST_TESTS VM_OPTION...
  words=(tests/node-vm/node-vm.sh --timeout 3000 --share "$PWD" "${@:3}" -- env TUNIT_DISABLE_LOGO=true TUNIT_DISABLE_HTML_REPORTER=true
    TESTINGPLATFORM_TELEMETRY_OPTOUT=1 "$PWD/$program" --no-ansi --progress off --output Detailed --minimum-expected-tests "$2" --treenode-filter "$1")
}

in_vm() { # LOG FILTER LEAST_TESTS VM_OPTION...
  words_for_vm "${@:2}"
  logged "$1" "${words[@]}"
}

# A machine in a machine would take minutes to boot: those of QEMU run on this host.
on_host() { # LOG FILTER LEAST_TESTS
  logged "$1" "$PWD/$program" --no-ansi --progress off --output Detailed --minimum-expected-tests "$3" --treenode-filter "$2"
}

logged() { # LOG COMMAND...
  "${@:2}" 2>&1 | tee "$1"
  return "${PIPESTATUS[0]}"
}

tests() { # in_vm|on_host NAME FILTER LEAST_TESTS VM_OPTION...
  local place=$1
  shift
  local started=$SECONDS status=0
  echo "== node: $1"
  "$place" "$out/node-$1.log" "${@:2}" || status=$?
  judge "$1" "$status" "$started"
}

judge() { # NAME STATUS STARTED
  local log=$out/node-$1.log broken=$2
  passed=$((passed + $(count "$log" succeeded))) failed=$((failed + $(count "$log" failed))) skipped=$((skipped + $(count "$log" skipped)))
  [ "$broken" = 0 ] || [ "$(count "$log" failed)" -gt 0 ] || failed=$((failed + 1))
  echo "== node: $1: $((SECONDS - $3)) s"
}

# The kernel dies in the middle of the first VM's only test; the second boots with the same disk.
reboot() {
  local disk=$out/node-disk.raw
  truncate -s 0 "$disk" && truncate -s 1G "$disk"
  echo "== node: crash"
  if in_vm "$out/node-crash.log" '/*/*/BeforeCrashTests/*' 1 --may-crash --disk-file "$disk" && ! grep -q 'Test run summary' "$out/node-crash.log"; then
    tests in_vm reboot '/*/*/AfterCrashTests/*' 3 --disk-file "$disk"
  else
    echo "the node did not die of its crash"
    failed=$((failed + 1))
  fi
  rm -f "$disk"
}

tests/node-vm/prepare.sh out/node-vm || exit 1
if [ "${1-}" = bench ]; then
  in_vm "$out/node-bench.log" '/*/*/StorageBenchmarkTests/The_long_run' 1 --disk 1G >/dev/null || { cat "$out/node-bench.log"; exit 1; }
  cat out/bench/storage.txt
  exit 0
fi
if [ "${1-}" = bench-xen ] || [ "${1-}" = nested ]; then
  if [ "$1" = nested ]; then
    tests in_vm nested '/*/*/TemplateTests/A_machine_is_resumed_from_a_volume_and_leaves_nothing_on_it' 1 --disk 1G
  else
    tests in_vm bench-xen '/*/*/PrologBenchmarkTests/*' 1 --xen --memory 3072 --disk 1G
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  [ $failed = 0 ]
  exit
fi
storage=''
if [ "${1-}" != xen ]; then
  words_for_vm '/*/*/*/*' 50 --disk 1G --cpus 1
  "${words[@]}" >"$out/node-storage.log" 2>&1 &
  storage=$!
  trap 'kill "$storage" 2>/dev/null; wait' EXIT
  reboot
  tests on_host contract '/*/*/QemuContractTests/*' 3
fi
# The VM sees this host's Grid Engine; it could not install one in time.
cell=$(mktemp -d) # its name must do for Grid Engine, and the checkout's need not
tests/grid-engine/cell.sh fetch "$cell" || exit 1
rmdir "$cell"
tests in_vm xen '/*/*/(CycleTests|ControlTests|FallTests|XlTests|CheckTests|GridEngineTests|XenContractTests)/*' 22 --xen --memory 3072 --disk 1G
if [ -n "$storage" ]; then
  status=0
  wait "$storage" || status=$?
  trap - EXIT
  echo "== node: storage"
  cat "$out/node-storage.log"
  judge storage "$status" 0
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
