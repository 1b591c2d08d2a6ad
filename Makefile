# The menu. `make` alone prints it.
.DEFAULT_GOAL := menu
.PHONY: menu appliance flash packages demo check one watch record test test-long test-updates peers release format render clean bench
SHELL := /bin/bash
# the project brings its own Node; whatever the machine has only runs `npm ci`
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

menu: ## list the targets
	@echo 'CyberAlarm: collects firewall logs and reports metadata of suspicious activity'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

appliance: ready ## build the appliance: OVA, disk image and qcow2, signed (BASE=debian-13 or centos-stream-10, CENTRAL_URL= CENTRAL_PINS= SIGNING_KEY=)
	@bash scripts/appliance/set-up.sh
	@node scripts/appliance.ts

flash: ready ## write an image to a disk and verify it: DEVICE=/dev/sdX (IMAGE=file.img.zst SIGNERS=file INTERNAL=1)
	@node scripts/flash.ts

packages: release ## build .deb, .rpm and the install script, into build/packages (ARGS='--base-url URL --central FILE --key FILE')
	@bash scripts/packages/set-up.sh
	@node scripts/packages.ts $(ARGS)

demo: ready ## run a central service, an agent and 20,000 messages on this machine (KEEP=1 leaves both running)
	@node scripts/demo.ts $(if $(KEEP),--keep)

check: ready ## types, lint, import rules and fast tests; run it before each commit, takes about a minute on a quiet machine
	@node scripts/test.ts

one: ready ## run one test file: FILE=agent/triage/triage.test.ts
	@node scripts/test.ts one $(FILE)

watch: ready ## run the fast tests that each change concerns, until Ctrl-C
	@node scripts/test.ts watch

record: ready ## write what a product now reads into its fixtures, for you to check (PRODUCT=name FILE=messages.txt)
	@node scripts/record.ts

test: ready ## all of check and the end-to-end tests: killed processes, full disks, load, the image in virtual machines
	@bash scripts/set-up-tests.sh
	@node scripts/test.ts all

test-long: ready ## an hour of load, on a machine with nothing else to do
	@bash scripts/set-up-tests.sh
	@node scripts/test.ts long

test-updates: ready ## updates and rollback of agent and OS, partly in a virtual machine; one to two hours
	@bash scripts/set-up-tests.sh
	@node scripts/test.ts updates

peers: ready ## compare the client of updates with the conformance suite of TUF (TUF_CONFORMANCE= a checkout of it)
	@bash scripts/updates/peers.sh

release: ready ## build what runs on the appliance into build/release, and the parts that are signed into build/parts
	@bash scripts/need.sh mksquashfs:squashfs-tools veritysetup:cryptsetup-bin
	@node scripts/build-release.ts

bench: ready ## compare speed and memory with rsyslogd and ulogd2 (QUICK=1 ONLY=part AGAINST=another checkout)
	@bash scripts/bench/set-up.sh
	@node scripts/bench.ts $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(AGAINST),--against $(AGAINST))

format: ready ## format code, and Markdown in the folders of biome.json
	@biome check --write .

render: ready ## write what is generated from tables: docs/settings.md, the template on the FAT partition, the checks in docs/health.md
	@node scripts/render-settings.ts
	@node scripts/render-health.ts

clean: ## remove build results and installed packages
	rm -rf node_modules .tap build

.PHONY: ready
ready: node_modules/.ready

node_modules/.ready: package.json package-lock.json scripts/set-up.sh scripts/need.sh scripts/build-addon.sh $(wildcard agent/node-netfilter-log/src/* appliance/open-nflog/*.c)
	@bash scripts/set-up.sh
	@touch $@
