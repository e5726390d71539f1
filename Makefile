# Everything a person or a build system does with this repository. `make help` lists it.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARN   := bin/tarn
# The race detector needs a C compiler; without one the tests run all the same.
RACE   := $(shell command -v gcc >/dev/null 2>&1 && echo -race)
KILLS  := 30
RACES  := 50
SCALE  := 10,100,1000
ROWS   := 1000000,5000000,20000000
export CGO_ENABLED := $(if $(RACE),1,0)

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: build ## set up everything, deploy the lake on this machine, run the sample pipeline, show the answer
	@$(TARN) up
	@$(TARN) run flights

down: build ## delete what `make up` deployed and stop the emulator
	@$(TARN) destroy --delete-data
	@$(TARN) local down

test: tools test-go test-python test-e2e ## run every test

test-go: tools ## unit tests, and whole programs without an engine
	go vet ./...
	go test $(RACE) ./cmd/... ./examples/... ./local/... ./pkg/...
	cd local/awsplugin && go vet ./... && go test ./...

test-python: tools ## Spark jobs on real Spark, and the emulator; TPC-H comes in the end-to-end tests and in soak
	python=$$($(TARN) doctor --which "python environment") && \
	  $$python -m pytest -q --ignore mpp/jobs/tests/test_tpch.py mpp/jobs/tests && $$python -m pytest -q local/emulator/tests

test-e2e: tools ## the whole platform through the real engine, the real provider and real Spark
	go test -count=1 -v -timeout 85m ./e2e

lint: build ## linters, formatting, module files
	@$(TARN) doctor --fix --lint >/dev/null
	linter=$$($(TARN) doctor --which golangci-lint) && $$linter run ./... && \
	  cd local/awsplugin && $$linter run --config ../../.golangci.yml ./...
	python=$$($(TARN) doctor --which "python environment") && $$python -m ruff check . && $$python -m ruff format --check .

scan: build ## have checkov and prowler judge what `make up` deployed
	@$(TARN) scan

tidy-check: ## fail when a go.mod or go.sum is not as `go mod tidy` leaves it
	for folder in . local/awsplugin local/toolchain/pulumi local/toolchain/languagego local/toolchain/golangcilint; do \
	  (cd $$folder && go mod tidy -diff) || exit 1; done

bench: tools ## time a deployment without changes beside plain `pulumi up`, and the Spark jobs beside others
	go test -run '^$$' -bench . -benchtime 5x -timeout 30m ./e2e
	"$$($(TARN) doctor --which "python environment")" mpp/jobs/bench/throughput.py --rows $(ROWS)

soak: tools ## hours of kills and races, and a thousand data sets; CI runs a short form
	TARN_SOAK=1 go test -count=1 -timeout 20m ./pkg/lease
	TARN_SOAK=1 go test -count=1 -v -timeout 60m -run 'TestLake|TestOperations|TestGovernance' ./e2e
	TARN_KILLS=$(KILLS) go test -count=1 -v -timeout 90m -run 'TestKilledDeploymentsConverge' ./e2e
	TARN_RACES=$(RACES) go test -count=1 -v -timeout 60m -run 'TestAccount' ./e2e
	TARN_SCALE=$(SCALE) go test -count=1 -v -timeout 60m -run 'TestScale' ./e2e
	TARN_KILLS=$(KILLS) "$$($(TARN) doctor --which "python environment")" -m pytest -q \
	  mpp/jobs/tests/test_faults.py mpp/jobs/tests/test_tpch.py

record-policy: tools ## record which AWS calls a deployment makes; the deploy policies are made from that
	TARN_RECORD=1 go test -count=1 -timeout 20m -run 'TestAccount' ./e2e

fuzz: ## fuzz every parser for half a minute each
	for target in $$(grep -rlE '^func Fuzz' --include='*_test.go' pkg local cmd | xargs -n1 dirname | sort -u); do \
	  for name in $$(grep -hoE '^func Fuzz[A-Za-z]+' $$target/*_test.go | sed 's/func //'); do \
	    go test -run='^$$' -fuzz="^$$name$$" -fuzztime=30s ./$$target || exit 1; done; done

tools: build ## make the local tool chain; the first time some 10 to 20 minutes
	@$(TARN) doctor --fix

build: ## build bin/tarn
	@[ -x $(TARN) ] || echo "building $(TARN): about 3 minutes the first time, seconds afterwards"
	@go build -o $(TARN) ./cmd/tarn

.PHONY: help up down test test-go test-python test-e2e lint scan tidy-check bench soak record-policy fuzz tools build
