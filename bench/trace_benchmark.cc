// What an event costs at the edges: to and from both encodings of a trace, next
// to libprotobuf's generated classes on the same messages, and the diff of two
// traces (performance.md R1-R4). Items are events.

#include <string>

#include "benchmark/benchmark.h"
#include "lab/trace/diff.h"
#include "lab/trace/trace.pb.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_text.h"
#include "model/event/trace.h"

namespace iovalab {
namespace {

// Requests as a run records them: a post, its translation and its DMA; every
// `changed_every`-th post is longer (0: none is).
Trace MakeTrace(int64_t events, int64_t changed_every = 0) {
  Trace trace;
  EventRecord step;
  const EventIndex root = trace.Append(step, {trace.Intern("load"), kNoName});
  const uint64_t name = trace.Intern("request");
  EventRecord record;
  record.root = root;
  record.cause = root;
  for (int64_t i = 0; static_cast<int64_t>(trace.size()) < events; ++i) {
    const uint64_t gpa = 0x100000000 + static_cast<uint64_t>(i) * 0x1000;
    const uint64_t len =
        changed_every != 0 && i % changed_every == 0 ? 0x2000 : 0x1000;
    record.time += 100;
    record.kind = Kind::kPost;
    record.actor = Actor::kGuest;
    record.rule = Rule::kNone;
    record.cause = trace.Append(record, {name, gpa, len, 1, 0});
    record.kind = Kind::kTranslate;
    record.actor = Actor::kVmm;
    record.rule = Rule::kSvqTranslate;
    record.cause = trace.Append(
        record, {name, 0, gpa, 0x7f0000000000 + gpa, 0x1000, gpa + 0x1000});
    record.kind = Kind::kCommit;
    record.cause = trace.Append(record, {1, 2});
  }
  return trace;
}

constexpr int64_t kEvents = 100000;

void SetItems(benchmark::State& state, size_t events, size_t bytes) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * events));
  state.counters["bytes/event"] =
      static_cast<double>(bytes) / static_cast<double>(events);
}

void BM_BinaryWrite(benchmark::State& state) {
  const Trace trace = MakeTrace(kEvents);
  size_t size = 0;
  for (auto _ : state) size = TraceToBinary(trace).size();
  SetItems(state, trace.size(), size);
}
BENCHMARK(BM_BinaryWrite);

void BM_BinaryRead(benchmark::State& state) {
  const Trace trace = MakeTrace(kEvents);
  const std::string bytes = TraceToBinary(trace);
  for (auto _ : state) {
    benchmark::DoNotOptimize(TraceFromBinary("t", bytes).ok());
  }
  SetItems(state, trace.size(), bytes.size());
}
BENCHMARK(BM_BinaryRead);

void BM_LibprotobufWrite(benchmark::State& state) {
  const Trace trace = MakeTrace(kEvents);
  trace::TraceFile file;
  file.ParseFromString(TraceToBinary(trace));
  std::string bytes;
  for (auto _ : state) file.SerializeToString(&bytes);
  SetItems(state, trace.size(), bytes.size());
}
BENCHMARK(BM_LibprotobufWrite);

void BM_LibprotobufRead(benchmark::State& state) {
  const Trace trace = MakeTrace(kEvents);
  const std::string bytes = TraceToBinary(trace);
  trace::TraceFile file;
  for (auto _ : state) file.ParseFromString(bytes);
  SetItems(state, trace.size(), bytes.size());
}
BENCHMARK(BM_LibprotobufRead);

void BM_TextWrite(benchmark::State& state) {
  const Trace trace = MakeTrace(kEvents);
  size_t size = 0;
  for (auto _ : state) size = TraceToText(trace).size();
  SetItems(state, trace.size(), size);
}
BENCHMARK(BM_TextWrite);

void BM_TextRead(benchmark::State& state) {
  const Trace trace = MakeTrace(kEvents);
  const std::string text = TraceToText(trace);
  for (auto _ : state) {
    benchmark::DoNotOptimize(TraceFromText("t", text).ok());
  }
  SetItems(state, trace.size(), text.size());
}
BENCHMARK(BM_TextRead);

// 0: equal; otherwise one event in so many differs.
void BM_Diff(benchmark::State& state) {
  const Trace a = MakeTrace(kEvents);
  const Trace b = MakeTrace(kEvents, state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(DiffTraces(a, b).changes.size());
  }
  SetItems(state, a.size(), a.bytes());
}
BENCHMARK(BM_Diff)->Arg(0)->Arg(kEvents)->Arg(33);

}  // namespace
}  // namespace iovalab
