#!/bin/bash
# floor.sh : the least there is to do: bare QEMU resumes a frozen machine on a fresh overlay, ssh runs the command.
# No job's identity, no keys of its own, no new entropy, no right clock, no sandbox, no deadline: what those cost is ours to answer for.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

cp overlay.qcow2 "$disk"
start_machine '
  {"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"x-ignore-shared","state":true}]}}
  {"execute":"migrate-incoming","arguments":{"uri":"fd:3"}}' \
  -machine "q35,accel=$accel,memory-backend=ram" -object memory-backend-file,id=ram,size=256M,mem-path=template/memory,share=off \
  -drive "if=none,id=disk,file=$disk,format=qcow2,cache=unsafe" -incoming defer 3<template/state
# It was frozen while it ran, so it runs as soon as it is there.
await '"RESUME"'
# The cheapest of the sound algorithms, as its keys are: the default is made to outlast quantum computers.
ssh+=(-o KexAlgorithms=ecdh-sha2-nistp256)
run_job
