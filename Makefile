# The menu. `make` alone prints it.
.DEFAULT_GOAL := menu
.PHONY: menu appliance flash packages demo check one watch record test test-long test-updates release format render clean bench
SHELL := /bin/bash
# the project brings its own Node; whatever the machine has only runs `npm ci`
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

menu: ## print this menu
	@echo 'CyberAlarm: one box that reads firewall logs and sends only metadata of suspicious activity'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

appliance: ready ## the box: OVA, image to flash and qcow2 (BASE=debian-13, centos-stream-10 or -9; CENTRAL_URL= CENTRAL_PINS= SIGNING_KEY=)
	@bash scripts/appliance/set-up.sh
	@node scripts/appliance.ts

flash: ready ## write an image onto a disk: DEVICE=/dev/sdX (IMAGE=file.img.zst SIGNERS=file INTERNAL=1)
	@node scripts/flash.ts

packages: release ## .deb, .rpm and the one-line installer for a Linux server, into build/packages (ARGS='--base-url URL --central FILE --key FILE')
	@bash scripts/packages/set-up.sh
	@node scripts/packages.ts $(ARGS)

demo: ready ## a central, an agent, 20,000 messages through real sockets, and where each one went (KEEP=1 leaves both running)
	@node scripts/demo.ts $(if $(KEEP),--keep)

check: ready ## what to run before each commit: types, lint, arrows and unit tests, in under a minute
	@node scripts/test.ts

one: ready ## one test file of any length, FILE=path: what failed, and a count
	@node scripts/test.ts one $(FILE)

watch: ready ## run the fast tests again that a changed file concerns, until Ctrl-C
	@node scripts/test.ts watch

record: ready ## what a product reads now, into its fixtures; you read the diff (PRODUCT=name FILE=new-messages.txt)
	@node scripts/record.ts

test: ready ## everything: types, lint, arrows, unit and end-to-end tests, three minutes of load, the image in virtual machines
	@bash scripts/set-up-tests.sh
	@node scripts/test.ts all

test-long: ready ## an hour of load, within strict limits, on a machine that has nothing else to do
	@bash scripts/set-up-tests.sh
	@node scripts/test.ts long

test-updates: ready ## automatic updates of the box into its other slot, and bad updates taken back (a virtual machine, an hour)
	@bash scripts/set-up-tests.sh
	@node scripts/test.ts updates

release: ready ## what runs on a box, into build/release: the agent as a bundle, the native receiver, Node.js
	@node scripts/build-release.ts

bench: ready ## against rsyslogd and ulogd2: CPU, rates, memory, bytes, latency (QUICK=1 ONLY=part AGAINST=another checkout)
	@bash scripts/bench/set-up.sh
	@node scripts/bench.ts $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(AGAINST),--against $(AGAINST))

format: ready ## bring the code into the one format
	@biome check --write .

render: ready ## docs/settings.md and the template of the partition CYBERALARM, from the table of settings
	@node scripts/render-settings.ts

clean: ## remove what was built and installed
	rm -rf node_modules .tap build

.PHONY: ready
ready: node_modules/.ready

node_modules/.ready: package.json package-lock.json scripts/set-up.sh scripts/need.sh scripts/build-addon.sh $(wildcard agent/node-netfilter-log/src/* appliance/open-nflog/*.c)
	@bash scripts/set-up.sh
	@touch $@
