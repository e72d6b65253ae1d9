# Geyser's make targets; `make help` lists them. What they need beyond Go, gcc
# and Python 3 they install into .cache, which git ignores.

SHELL := /bin/bash
GO ?= go
GOLANGCI := v2.15.0
H2O_CLIENT := 3.46.0.12
PYTEST := 9.2.0
XGBOOST := 3.2.0
XGBOOST_WHEEL ?= xgboost-cpu
FUZZTIME ?= 60s
PORT ?= 54321
DATA_DIR ?= .cache/data

CACHE := $(CURDIR)/.cache
PYTHON := $(CACHE)/venv/bin/python
LINT := $(CACHE)/bin/golangci-lint-$(GOLANGCI)
CUDA_HEADERS := $(CACHE)/cuda/include
LIBXGBOOST := $(CACHE)/xgboost/xgboost/lib/libxgboost.so

# Why: the checkout may belong to someone else (CI), and then git refuses to stamp.
export GOFLAGS := -buildvcs=false $(filter-out -buildvcs=%,$(GOFLAGS))
ifeq ($(HOME),)
export GOPATH := $(CACHE)/go
export GOCACHE := $(CACHE)/go-build
export GOFLAGS += -modcacherw
endif

# Packages with goroutines at their heart.
RACE := ./engine/job/... ./engine/catalog/... ./store/... ./api/...

.PHONY: build cuda ptx test-cuda mutate-cuda gpu-report images run test race lint fuzz bench bench-gate bench-start acceptance record libxgboost tools clean help

build: ## Build build/geyser
	$(GO) build -o build/geyser ./cmd/geyser

cuda: $(CUDA_HEADERS) ## Build build/geyser-cuda, which looks for GPUs when it starts
	C_INCLUDE_PATH=$(CUDA_HEADERS) $(GO) build -tags cuda -o build/geyser-cuda ./cmd/geyser

ptx: ## Compile kernels/*.cu again; needs clang-14
	kernels/ptx.sh

test-cuda: $(LINT) $(CUDA_HEADERS) ## Tests of the CUDA kernels on an emulated device; needs clang-14 and g++
	@GO="$(GO)" LINT="$(LINT)" HEADERS="$(CUDA_HEADERS)" TESTFLAGS="$(TESTFLAGS)" .ci/cuda

mutate-cuda: $(CUDA_HEADERS) ## Take each barrier, atomic, bound and rule from the CUDA kernels: a test must fail; half an hour
	C_INCLUDE_PATH=$(CUDA_HEADERS) $(GO) run ./kernels/emu/mutate $(MUTATEFLAGS)

# Why two files: they measure a machine without Go, too, when they are carried there.
gpu-report: $(CUDA_HEADERS) ## Measure a GPU into build/gpu-report.md; GPUFLAGS as in bench/gpu
	@mkdir -p build
	@export C_INCLUDE_PATH=$(CUDA_HEADERS); \
	$(GO) test -c -tags cuda -o build/kernels.test ./kernels && $(GO) build -tags cuda -o build/gpu-report ./bench/gpu
	@build/gpu-report -tests build/kernels.test -o build/gpu-report.md $(GPUFLAGS); status=$$?; cat build/gpu-report.md; exit $$status

images: ## What the Dockerfiles say, done without Docker
	.ci/image Dockerfile
	.ci/image Dockerfile.cuda

# Why not a prerequisite: where the headers are, nobody needs Python.
$(CUDA_HEADERS):
	@$(MAKE) --no-print-directory $(PYTHON)
	@PYTHON=$(PYTHON) kernels/cuda-headers.sh $(CACHE)/cuda >/dev/null

run: build ## Start the server and run the demo on real flights; ONCE=1 ends after its table
	@$(MAKE) --no-print-directory libxgboost || echo "going on without it: training of xgboost will be refused"
	@GO="$(GO)" PYTHON="$(PYTHON)" PORT="$(PORT)" DATA_DIR="$(DATA_DIR)" ONCE="$(ONCE)" bench/demo/run "$(MAKE)"

test: ## Everything that CI checks
	@GO="$(GO)" MAKE="$(MAKE)" .ci/check

race: ## Tests of the concurrent packages under the race detector
	$(GO) test -race $(TESTFLAGS) $(RACE)

lint: $(LINT) ## gofmt, go vet and the linters of .golangci.yml
	@wrong=$$(gofmt -l $(wildcard */ *.go)) && test -z "$$wrong" || { echo "gofmt would change: $$wrong"; exit 1; }
	$(GO) vet ./...
	$(LINT) run ./...

$(LINT):
	@echo "installing golangci-lint $(GOLANGCI) (once, some minutes)"
	@mkdir -p $(@D)
	GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	@mv $(@D)/golangci-lint $@

fuzz: ## Every fuzz test for FUZZTIME each
	@GO="$(GO)" FUZZTIME="$(FUZZTIME)" .ci/fuzz

bench: ## All benchmarks of bench/
	$(GO) test -run '^$$' -bench . -benchmem ./bench

bench-gate: ## Compare benchmarks with BASE (a git ref), interleaved
	@GO="$(GO)" BASE="$(BASE)" bench/gate

bench-start: build ## Time from process start to the first answer, and idle memory
	GEYSER=$(CURDIR)/build/geyser $(GO) test -run '^$$' -bench '^BenchmarkStart' -benchtime 20x ./bench

acceptance: build $(PYTHON) ## The real h2o Python client against build/geyser
	$(PYTHON) -m pytest -q -p no:cacheprovider api/acceptance

record: build ## Compare with recordings of the original server, where ../shared has them
	@PYTHON="$(PYTHON)" .ci/record "$(MAKE)"

libxgboost: $(LIBXGBOOST) ## Fetch the library that trains xgboost; XGBOOST_WHEEL=xgboost is that for GPUs, too

# Why the whole wheel: the library finds its OpenMP beside it.
$(LIBXGBOOST): | $(PYTHON)
	@rm -rf $(CACHE)/xgboost
	@$(PYTHON) -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: --target $(CACHE)/xgboost $(XGBOOST_WHEEL)==$(XGBOOST) || \
		{ rm -rf $(CACHE)/xgboost; echo "no XGBoost library: pip could not install $(XGBOOST_WHEEL) $(XGBOOST)"; exit 1; }

tools: $(LINT) $(PYTHON) ## Install what the other targets need

$(PYTHON):
	@mkdir -p $(CACHE)
	@rm -rf $(CACHE)/venv
	@python3 -m venv $(CACHE)/venv >$(CACHE)/venv.log 2>&1 || \
		{ rm -rf $(CACHE)/venv; echo "no Python environment: install python3-venv (apt-get install python3-venv) and try again"; exit 1; }
	@$(PYTHON) -m pip install -q --disable-pip-version-check h2o-client==$(H2O_CLIENT) pytest==$(PYTEST) || \
		{ rm -rf $(CACHE)/venv; echo "no h2o client: pip could not install h2o-client $(H2O_CLIENT)"; exit 1; }

clean: ## Remove what was built and installed
	rm -rf build .cache

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile
