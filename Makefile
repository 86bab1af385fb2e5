# depthd: `make` alone lists the targets. `make run` and `make test` do all their own set-up.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CONFIG ?= config.toml
SWIFT_BUILD := swift build -c release
TRAINING := .venv-training/bin/python

.PHONY: help run build setup test test-swift test-generic test-allocations test-instructions test-clients test-end-to-end test-vm test-systemd test-training train-smoke ablate-small check \
	sanitize bench bench-peers bench-scale bench-bank bench-completion bench-accuracy bench-steps vectors node-tests format clean install

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

run: build ## build, start the daemon (CONFIG=path for another configuration) and show its depth live
	@scripts/run "$(CONFIG)"

setup: # Debian packages, when any is missing
	@scripts/setup-debian

build: setup ## release binaries as bin/depthd and bin/depthctl
	@$(SWIFT_BUILD)
	@mkdir -p bin && ln -sfn ../.build/release/depthd bin/depthd && ln -sfn ../.build/release/depthctl bin/depthctl

test: build check test-swift test-allocations test-instructions test-clients test-end-to-end test-vm test-systemd ## every Swift, client, end-to-end and virtual-machine test

check: ## gates: layering, size, format, portability, tests named in docs/failures.md (each is first seen to fail on a planted fault)
	@scripts/check-layering --self-test && scripts/check-layering
	@scripts/check-shape --self-test && scripts/check-shape
	@scripts/check-format --self-test && scripts/check-format
	@scripts/check-failures --self-test && scripts/check-failures
	@scripts/check-portable --self-test && scripts/check-portable

test-swift: setup node-tests vectors # unit, property and golden tests
	@$(SWIFT_BUILD) --build-tests
	@swift test -c release --skip-build

test-clients: build # the Python client against the daemon's wire format
	@scripts/venv .venv clients/python/requirements.txt
	@.venv/bin/python -m pytest -q clients/python

test-end-to-end: build # black box: the built daemon, real sockets, real recordings
	@scripts/venv .venv-end-to-end Tests/EndToEnd/requirements.txt
	@.venv-end-to-end/bin/python -m pytest -q -rs Tests/EndToEnd

test-allocations: build # the frame's path allocates nothing in steady state
	@scripts/check-allocations --self-test && scripts/check-allocations

test-instructions: build vectors # instructions per inference, counted; none of it depends on the machine's load
	@scripts/check-instructions --self-test && scripts/check-instructions

test-generic: setup vectors ## kernels and networks in a build for any x86-64 processor, beside the usual one
	@DEPTHD_X86_LEVEL=x86-64 $(SWIFT_BUILD) --build-tests --scratch-path .build/generic
	@DEPTHD_X86_LEVEL=x86-64 swift test -c release --skip-build --scratch-path .build/generic --filter 'KernelsTests|InferenceTests'

test-vm: build # a real kernel with virtual camera and CAN drivers, under emulation
	@scripts/vm-test

test-systemd: build # Debian with systemd under emulation: installation, sandbox, watchdog, restarts
	@scripts/systemd-test

node-tests: # the ONNX project's own operator tests
	@scripts/onnx-node-tests

vectors: # whole-network golden vectors from PyTorch
	@scripts/venv .venv-training training/requirements.txt
	@scripts/golden-vectors

test-training: ## the Python training side
	@scripts/venv .venv-training training/requirements.txt
	@$(TRAINING) -m pytest -q training/tests

train-smoke: ## every training recipe for a few steps on tiny drives (a part of test-training)
	@scripts/venv .venv-training training/requirements.txt
	@$(TRAINING) -m pytest -q training/tests/test_recipes.py

ablate-small: ## each training method against the run without it; writes docs/benchmarks/methods.md
	@scripts/venv .venv-training training/requirements.txt
	@PYTHONPATH=training $(TRAINING) -m depthtrain.ablate

sanitize: setup ## the same Swift tests under the address and thread sanitizers
	@scripts/sanitize

bench: build ## per-stage p50 and p99 and a ledger line in docs/benchmarks
	@scripts/bench-stages

bench-peers: build ## the same networks in ONNX Runtime, OpenVINO, ncnn and PyTorch beside ours
	@scripts/bench-peers

bench-scale: build ## learning of the scale on simulated and recorded drives; writes docs/benchmarks/scale.md
	@scripts/bench-scale

bench-completion: build ## completion against completion without learning, on real drives; writes docs/benchmarks/completion.md
	@scripts/venv .venv-training training/requirements.txt
	@PYTHONPATH=training $(TRAINING) -m depthtrain.bench_completion

bench-bank: build ## what prior fusion costs beside the network; the tables of docs/benchmarks/prior-bank.md
	@scripts/venv .venv-training training/requirements.txt
	@PYTHONPATH=training $(TRAINING) scripts/bench_bank.py

bench-accuracy: build ## models/lite on the validation drives; the tables of docs/benchmarks/accuracy.md
	@scripts/venv .venv-training training/requirements.txt
	@PYTHONPATH=training $(TRAINING) -m depthtrain.bench_accuracy

bench-steps: ## what a step of training costs: as written, compiled, in bfloat16
	@scripts/venv .venv-training training/requirements.txt
	@PYTHONPATH=training $(TRAINING) -m depthtrain.bench_steps

format: ## rewrite the Swift sources in house style
	@swift format -i -r Sources Tests Package.swift

install: build ## binaries, model, configuration, unit, udev and modules-load files (as root)
	@scripts/install

clean: ## remove everything that was built or fetched
	@rm -rf .build bin .cache .vectors .venv .venv-end-to-end .venv-training
