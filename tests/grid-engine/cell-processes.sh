# shellcheck shell=bash
# shellcheck disable=SC2154 # state, root, spool, logs, binaries and job_groups are cell.sh's
# cell-processes.sh: how the test cell's processes are found, awaited and ended. Sourced by cell.sh.
# A process is ours by what only we gave it (this cell's directories in its environment, a user made for the tests), never by its name.

readonly daemons="sge_execd sge_qmaster" # in the order in which they end

await() { # seconds, what, command...: until the command succeeds
    local what=$2 end=$((SECONDS + $1))
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { printf 'cell: gave up waiting for %s\n' "$what" >&2; return 1; }
        read -rt 0.1 <> <(:) || true # Grid Engine has no event to wait for: look again in 0.1 s
    done
}

# Each of these prints pids.
of_program() { # name: this program of Grid Engine, run for this cell
    local exe
    find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$binaries/$1" 2>/dev/null | while read -r exe; do
        ! grep -qzxF "SGE_ROOT=$root" "${exe%exe}environ" 2>/dev/null || basename "$(dirname "$exe")"
    done
}

of_daemons() { local name; for name in $daemons; do of_program "$name"; done; }
of_user() { find /proc -maxdepth 1 -name '[0-9]*' -uid "$1" -printf '%f\n' 2>/dev/null; }

# Shepherds, hooks and jobs. All three have the spool directory in their environment, whatever the job's owner asked for. A job that emptied
# its own environment still has a group of the range that this cell alone gives to its jobs.
of_cell() {
    {
        of_program sge_shepherd
        grep -lzE "^SGE_JOB_SPOOL_DIR=$spool/" /proc/[0-9]*/environ 2>/dev/null
        grep -lE "^Groups:.*[[:space:]]$job_groups([[:space:]]|\$)" /proc/[0-9]*/status 2>/dev/null
    } | sed -E 's|^/proc/([0-9]+)/.*|\1|' | sort -u
}

none() { [ -z "$("$@")" ]; }

end_processes() { # what, command that prints the pids...: ask, then make them
    local what=$1 signal pid
    shift
    for signal in TERM KILL; do
        for pid in $("$@"); do kill -$signal "$pid" 2>/dev/null || true; done
        if await 4 "the end of $what (SIG$signal)" none "$@" 2>> "$logs/down"; then return 0; fi
    done
    fail "end $what: still there: $("$@" | tr '\n' ' ')"
}

end_jobs() {
    if none of_program sge_qmaster || ! timeout 10 qconf -sh >/dev/null 2>&1; then return 0; fi
    timeout 10 qmod -d '*' >> "$logs/down" 2>&1 || true # no other job shall start now
    timeout 10 qdel -u '*' >> "$logs/down" 2>&1 || true
    # Epilogs get the time to clean up; a hook that hangs does not keep us.
    await 10 "the jobs' end" none of_program sge_shepherd 2>> "$logs/down" || timeout 10 qdel -f -u '*' >> "$logs/down" 2>&1 || true
}

# A daemon shall hold nothing of its caller: not its environment and its ignored signals (Grid Engine hands both on to every hook and job),
# not its terminal, not a pipe that someone waits on, not its directory.
detached() { # log, command...
    local log=$1 fd
    shift
    (
        cd /
        exec </dev/null >"$log" 2>&1
        for fd in "/proc/$BASHPID/fd/"*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec setsid env -i --default-signal PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
            SGE_ROOT="$SGE_ROOT" SGE_CELL="$SGE_CELL" SGE_QMASTER_PORT="$SGE_QMASTER_PORT" SGE_EXECD_PORT="$SGE_EXECD_PORT" "$@"
    )
}

start_daemon() { # program, command that succeeds when it serves...
    local program=$1
    shift
    if none of_program "$program"; then
        detached "$logs/$program" "/usr/sbin/$program" || true # what counts is whether it answers
    fi
    await 30 "$program" "$@" || {
        tail -n 5 "$logs/$program" "$spool"/qmaster/messages "$spool"/execd/*/messages >&2 2>/dev/null
        fail "start $program: it does not answer" "look above; or begin anew with: cell.sh down $state"
    }
}
