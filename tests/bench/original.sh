#!/bin/bash
# original.sh : the procedure of 2008, vmimagemanager under vmimagesgeint: rsync makes the slot's disk the image again, boot, sleep 30, ssh.
# Left out to its advantage: the search for a free slot, the copy of the job's script (scp and one more ssh), and the orderly shutdown.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# The slot's disk is its own, and stays: the next job finds what this one left, less what rsync sees.
exec {slot}<slot.raw
flock --nonblock "$slot" || fail "restore disk: another original.sh has the slot" "one at a time"

# The original's own options. It mounted a volume; here it is a file, so a loop device carries it. The mount is in a name space of its own:
# whatever happens to this script, none is left.
# shellcheck disable=SC2016 # for the inner shell
restore_tree() {
  attend unshare --mount bash -c 'mount -o loop slot.raw slot || exit
    rsync -ra --delete --numeric-ids --exclude=lost+found golden/ slot/ || exit
    umount slot' 2>"$said"
}

# Where loop devices are missing (in a container, say; prepare.sh has tried): the image instead of the tree, still by rsync's comparing.
# By checksum, because a disk that has run has another time but may have the same size; in place, as a volume would be.
restore_image() {
  attend rsync --inplace --no-whole-file --checksum systemd.raw slot.raw 2>"$said"
}

if [ -d golden ]; then restore=restore_tree; else restore=restore_image; fi
$restore || fail "restore disk: $(last_words rsync "$said")"
start_machine '' -machine "q35,accel=$accel" "${kernel[@]}" -drive if=none,id=disk,file=slot.raw,format=raw,cache=unsafe
attend sleep 30
run_job
