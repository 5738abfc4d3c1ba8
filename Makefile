# The commands of this project; see README.md.
#
# Nothing outside this folder is written, except missing Debian packages, which `make deps` names
# first and then installs. Caches of kernels and of the package manager are in .build.

VERSION := 0.1.0
SWIFT   := swift
ARGS    :=

CACHE := $(CURDIR)/.build/cache
export XDG_CACHE_HOME := $(CACHE)
export XDG_DATA_HOME := $(CACHE)/data
export POCL_CACHE_DIR := $(CACHE)/pocl

SWIFT_FLAGS := --cache-path "$(CACHE)/swiftpm" --security-path "$(CACHE)/security"
COMMAND     := .build/release/hypertower

.DEFAULT_GOAL := build
.PHONY: build train test check check-golden-models test-intel test-rusticl test-interop bench experiments bench-peers fuzz dist lint deps
.PHONY: clean examples pictures

# Builds the command: .build/release/hypertower
build: deps
	@mkdir -p "$(POCL_CACHE_DIR)"
	$(SWIFT) build $(SWIFT_FLAGS) -c release --product hypertower

# Trains on MNIST for one epoch on the best device there is: make train ARGS="--epochs 3 --seed 1"
train: build
	$(COMMAND) train $(ARGS)

# Builds the programs of the folder Examples: .build/release/LeNet and so on
EXAMPLES := $(basename $(notdir $(wildcard Examples/*.swift)))
examples: deps
	@mkdir -p "$(POCL_CACHE_DIR)"
	@for name in $(EXAMPLES); do $(SWIFT) build $(SWIFT_FLAGS) -c release --product $$name || exit; done

# Runs all tests, each suite in a process of its own: make test ARGS="--filter GoldenTests"
test: deps
	@mkdir -p "$(POCL_CACHE_DIR)"
	@SWIFT_TEST='$(SWIFT) test $(SWIFT_FLAGS) -c release' Scripts/run-tests $(ARGS)

# Replays reference trajectories of models, on every backend: GOLDEN_MODELS=FOLDER make check-golden-models
check-golden-models: deps
	@mkdir -p "$(POCL_CACHE_DIR)"
	@SWIFT_TEST='$(SWIFT) test $(SWIFT_FLAGS) -c release' Scripts/check-golden-models

# What to run before each commit: style, and the suites that take no time.
SLOW := Golden|JoinedLaunch|SparseOperand|BatchInPlace|TrainingTests|Fusion|Experiment|Example|ProductAgreement
SLOW := $(SLOW)|ReductionAgreement|Hypergradient|TuningChoices|DevicesAndBench|MemoryEstimate|Random
check: lint
	@$(MAKE) --no-print-directory test ARGS='--skip "$(SLOW)"'

# Times a training step by the tower's height: make bench ARGS="--heights 0,50 --json"
bench: build
	$(COMMAND) bench $(ARGS)

# The papers' tables and figures and the decades of starts, about six minutes on two cores, into the folder experiments;
# `hypertower experiment --help` names them: make experiments ARGS="--quick"
EXPERIMENTS := table1 table2 surface sensitivity height table2022 decades
experiments: build
	@for name in $(EXPERIMENTS); do $(COMMAND) experiment $$name $(ARGS) || exit; done

# The same side by side with PyTorch, JAX and tinygrad, which it installs into .build/peers (7 GB);
# tables and a plot go to .build/bench-peers: make bench-peers ARGS="--rounds 5 --heights 0,1,50"
# --check compares the peers' losses with the golden ones; --driver intel is another OpenCL driver;
# --models cnn,lstm,gpt,resnet20 times whole models.
bench-peers: build
	@Scripts/install-peers $(if $(findstring intel,$(ARGS)),intel)
	@.build/peers/bin/python -B Benchmarks/peers/run.py $(ARGS)

# The same tests on Intel's OpenCL driver for CPUs, which it installs into .build/reliability (0.8 GB).
test-intel: deps
	@Tests/Reliability/intel --install $(ARGS)

# Tests that compare devices, on Mesa's OpenCL driver for CPUs, which it installs if it is missing.
test-rusticl: deps
	@Tests/Reliability/rusticl --install $(ARGS)

# Exchanges files with other programs, which it installs into .build/interop and .build/peers:
# make test-interop ARGS=tensorboard
test-interop: build
	@SWIFT_TEST='$(SWIFT) test $(SWIFT_FLAGS) -c release' Tests/Interop/run $(ARGS)

# Long tests of what goes wrong, each a script in Tests/Reliability that says what it does;
# Tests/RELIABILITY.md says what they show: make kills ARGS=100
RELIABILITY := compilers disks distributions faults kernels kills repeats safetensors sanitizers stress
.PHONY: $(RELIABILITY)
$(RELIABILITY): build
	@Tests/Reliability/$@ $(ARGS)

# Feeds every reader with what a fuzzer makes of the files in Tests/Fuzz/Corpus, under AddressSanitizer:
# make fuzz RUNS=10000000 READERS="idx tower"
RUNS    := 1000000
READERS := idx gzip safetensors checkpoint tower kernel-cache table npy npz image
fuzz: deps
	@Tests/Reliability/fuzz $(RUNS) $(READERS)

# The pictures of README, from real runs.
pictures: build
	@Scripts/make-pictures

# A folder and an archive in dist/ that run without Swift on x86-64 Linux with glibc 2.36 or newer.
dist: deps
	CACHE="$(CACHE)" Scripts/make-distribution $(VERSION)

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Examples Package.swift

# The Debian packages that building needs.
deps:
	@Scripts/install-packages

clean:
	rm -rf .build dist
