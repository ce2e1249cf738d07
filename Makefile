# Everything a developer does. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

OUT    := out
BINARY := $(OUT)/vmappliance
IMAGE  := $(OUT)/image/debian
NODE_TESTS := $(OUT)/node-tests/VmAppliance.NodeTests
NODE_GUEST := $(OUT)/node-guest/vmappliance.ini
KILL_AT    := $(OUT)/node-tests/kill-at

BUILD_PACKAGES := clang lld cmake make zlib1g-dev libssl-dev
RUN_PACKAGES   := qemu-system-x86 qemu-utils util-linux iproute2 e2fsprogs tar
IMAGE_PACKAGES := mmdebstrap busybox-static cpio kmod xz-utils zstd
NODE_PACKAGES  := qemu-system-x86 qemu-utils e2fsprogs sudo lz4 busybox-static cpio kmod xz-utils zstd util-linux gcc libc6-dev linux-libc-dev
BENCH_PACKAGES := rsync openssh-client
FRESH_PACKAGES := mmdebstrap git util-linux e2fsprogs mount
TEST_PACKAGES  := openssh-server openssh-client sudo rpm rpmlint groff-base man-db strace procps shellcheck bash-completion bash bzip2

# The AOT runtime's own C files warn; nothing of ours does.
export CFLAGS := -Wno-unused-value
export DOTNET_NOLOGO := 1
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export TESTINGPLATFORM_TELEMETRY_OPTOUT := 1
export TUNIT_DISABLE_LOGO := true
export TUNIT_DISABLE_HTML_REPORTER := true

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: $(BINARY) ## Build the static binary: out/vmappliance

$(BINARY): $(shell find src -name '*.cs' -not -path '*/obj/*' -o -name '*.c' -o -name '*.csproj') $(wildcard packaging/sge/lines-*) Directory.Build.props Directory.Packages.props global.json
	@$(MAKE) need-build
	@dotnet publish src/VmAppliance -c Release -o $(OUT)/publish -v quiet --nologo
	@install -D -m 755 $(OUT)/publish/vmappliance $@

image: build need-image ## Build the small Debian guest image: out/image/debian
	@# Import puts the present binary into the image: it is made anew only when its recipe has changed.
	@if ! [ -e $(IMAGE)/root.tar ] || [ -n "$$(find packaging/images -newer $(IMAGE)/root.tar -type f)" ]; then \
	  packaging/images/debian.sh --agent $(BINARY) --output $(IMAGE); fi

demo: build need-run image ## Run one real job in a clean machine; everything stays under out/demo
	@packaging/demo.sh $(BINARY) $(IMAGE) $(OUT)/demo

test: build need-run need-image need-test need-node need-fresh image rpm $(NODE_TESTS) $(NODE_GUEST) ## Run all tests, the real Grid Engine cell included
	@tests/run.sh

test-fresh: need-fresh ## Run demo and test in a Debian 12 of their own, on which nothing was ever installed; none may be skipped
	@tests/roots/fresh.sh

test-matrix: build need-image need-fresh image ## Run the node's side in roots of three Debian releases, with guests of two
	@tests/roots/matrix.sh

test-node: build need-node image $(NODE_TESTS) $(NODE_GUEST) ## Run the tests that need a kernel with device-mapper, or Xen, in node VMs
	@tests/node.sh

test-xen: build need-node image $(NODE_TESTS) $(NODE_GUEST) ## Run the tests of Xen alone, in a node VM that is a real dom0
	@tests/node.sh xen

test-nested: build need-node image $(NODE_TESTS) $(NODE_GUEST) ## Run the tests of machines in a node VM: a quarter of an hour, not part of test
	@tests/node.sh nested

bench-storage: build need-node $(NODE_TESTS) ## Measure disks against LVM's own snapshots, in a node VM: out/bench
	@tests/node.sh bench

bench-xen: build need-node image $(NODE_TESTS) $(NODE_GUEST) ## Measure what a prolog adds to a bare xl create, in a node VM
	@tests/node.sh bench-xen

bench: build need-run need-image need-bench image ## Measure clean machines beside what people script today: out/bench
	@tests/bench/bench.sh $(BINARY) $(IMAGE) $(OUT)/bench

$(NODE_TESTS): $(BINARY) $(KILL_AT) $(shell find tests/VmAppliance.NodeTests -name '*.cs' -not -path '*/obj/*' -o -name '*.csproj')
	@dotnet publish tests/VmAppliance.NodeTests -c Release -o out/node-tests -v quiet --nologo
	@touch $@

$(KILL_AT): tests/node-vm/kill-at.c | need-node
	@mkdir -p $(@D) && gcc -static -O2 -Wall -Wextra -Werror -o $@ $<

# The guest of the tests of hypervisors: our image, and a program by which a job can end its machine.
$(NODE_GUEST): $(BINARY) $(wildcard tests/node-vm/guest/*) | image
	@tests/node-vm/guest/make.sh $(BINARY) $(IMAGE) $(@D)

test-unit: build ## Run the unit tests alone (no root, no machine)
	@VMAPPLIANCE="$$PWD/$(BINARY)" dotnet run --project tests/VmAppliance.Tests -c Release -- --no-ansi --progress off

rpm: build need-test ## Build the RPM: out/rpm
	@rpm/build.sh $(OUT)/rpm

clean: ## Remove everything that was built
	@rm -rf $(OUT) src/*/bin src/*/obj tests/*/bin tests/*/obj

need-build need-run need-image need-test need-node need-bench need-fresh: need-%:
	@packaging/need.sh $($(shell echo $* | tr a-z A-Z)_PACKAGES)

.PHONY: help build image demo test test-fresh test-matrix test-node test-xen test-nested test-unit bench bench-storage bench-xen rpm clean need-build need-run need-image need-test need-node need-bench need-fresh
