# Messages, and what happens on the way out. Sourced by debian.sh.
# shellcheck shell=bash disable=SC2154 # debian.sh sets agent, here, output and work

work='' installer='' doing=''

complain() { # SENTENCE [HINT]
  echo "debian.sh: $1" >&2
  [ $# -lt 2 ] || echo "(hint: $2)" >&2
}

fail() {
  complain "$@"
  note_said
  exit 1
}

# A file, because the one who fails may be a subshell.
note_said() { [ -z "$work" ] || : >"$work/said"; }

step() {
  doing=$1
  echo "debian.sh: $doing"
}

# Leaves no process and no file behind, and puts back an image that was being replaced.
clean_up() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  if [ -n "$installer" ]; then
    kill -TERM -- "-$installer" 2>/dev/null || true
    wait "$installer" 2>/dev/null || true
  fi
  if [ $status != 0 ] && [ -n "$doing" ] && [ ! -e "$work/said" ]; then complain "$doing: failed (status $status)"; fi
  if [ -n "$work" ]; then
    if [ -d "$work/old" ] && [ ! -e "$output" ]; then mv -T "$work/old" "$output"; fi
    # --one-file-system: whatever is still mounted in there belongs to the host.
    rm -rf --one-file-system -- "$work"
  fi
  exit $status
}

interrupted() { # SIGNAL NUMBER
  complain "${doing:-build image}: stopped by SIG$1"
  note_said
  exit $((128 + $2))
}

trap clean_up EXIT
trap 'interrupted INT 2' INT
trap 'interrupted TERM 15' TERM
trap 'interrupted HUP 1' HUP
