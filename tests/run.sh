#!/bin/bash
# run.sh : all tests, one suite after the other. Last line: N passed, N failed, N skipped. Exit status 0 only if none failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# What tests make is for others, too: accounts of their own, and machines.
umask 022
out=out/test
mkdir -p "$out" && rm -f "$out"/*.log
passed=0 failed=0 skipped=0 broken=0

count() { # LOG WORD
  awk -v word="$2:" '$1 == word { n = $2 } END { print n + 0 }' "$1"
}

suite() { # NAME LEAST_TESTS
  local log=$out/$1.log started=$SECONDS
  echo "== $1"
  dotnet build "tests/$1" -c Release -v quiet --nologo || { broken=1; return; }
  "tests/$1/bin/Release/net10.0/linux-x64/$1" --no-ansi --progress off --minimum-expected-tests "$2" 2>&1 | tee "$log"
  [ "${PIPESTATUS[0]}" = 0 ] || broken=1
  passed=$((passed + $(count "$log" succeeded))) failed=$((failed + $(count "$log" failed))) skipped=$((skipped + $(count "$log" skipped)))
  echo "== $1: $((SECONDS - started)) s"
}

# Unit tests start the product's own binary: it starts ten times as fast as what the framework builds beside them.
VMAPPLIANCE=$PWD/out/vmappliance suite VmAppliance.Tests 700
suite VmAppliance.SystemTests 140

# Parsed from its last line, like any caller of it would.
script() { # NAME COMMAND...
  local log=$out/$1.log p f s
  "${@:2}" 2>&1 | tee "$log"
  read -r p _ f _ s _ < <(tail -n 1 "$log" | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' || echo "0 passed, 1 failed, 0 skipped")
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}
script node tests/node.sh
script matrix tests/roots/matrix.sh trixie trixie

[ $broken = 0 ] || [ $failed -gt 0 ] || failed=1
# Whoever sees only the end of this sees what failed, and why. The node suite's logs are in node.log once more.
reasons() { # LOG...
  awk '/^failed / { left = 8 } /^[^ ]/ && !/^failed / { left = 0 } left-- > 0 && !/^ *at |^$/' "$@"
}
reasons "$out"/VmAppliance.*.log "$out/node.log" "$out/matrix.log"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $broken = 0 ]
