#include "model/host/memory_object.h"

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

constexpr uint64_t kMaxHpa = (uint64_t{1} << kHpaBits) - 1;

bool IsPages(uint64_t v) { return v % kPageSize == 0; }

absl::Status RunError(const MemoryObject& object, size_t run,
                      absl::string_view field, absl::string_view should) {
  return absl::InvalidArgumentError(absl::StrCat("memory object \"",
                                                 object.name, "\": layout run ",
                                                 run, ": ", field, should));
}

// The last byte of the run is at most kMaxHpa, without overflow on the way.
bool FitsPhysical(const LayoutRun& run) {
  const uint64_t length = run.last_offset - run.first_offset;
  const uint64_t chunks = length / run.chunk_size;
  if (run.hpa.value > kMaxHpa || run.stride > kMaxHpa) return false;
  if (chunks != 0 && run.stride > kMaxHpa / chunks) return false;
  return chunks * run.stride <= kMaxHpa - run.hpa.value &&
         length % run.chunk_size <=
             kMaxHpa - run.hpa.value - chunks * run.stride;
}

absl::Status ValidateRun(const MemoryObject& object, size_t i,
                         uint64_t expected_first) {
  const LayoutRun& run = object.layout[i];
  if (run.first_offset != expected_first) {
    return RunError(object, i, "first_offset",
                    absl::StrCat(" must be 0x", absl::Hex(expected_first),
                                 ", where the previous run ends"));
  }
  if (run.last_offset < run.first_offset || run.last_offset >= object.size ||
      !IsPages(run.last_offset + 1)) {
    return RunError(object, i, "last_offset",
                    " must be the last byte of a page inside the object");
  }
  if (run.chunk_size == 0 || !IsPages(run.chunk_size)) {
    return RunError(object, i, "chunk_size",
                    " must be a multiple of 0x1000, and not 0");
  }
  if (run.stride < run.chunk_size || !IsPages(run.stride)) {
    return RunError(object, i, "stride",
                    " must be a multiple of 0x1000, at least chunk_size");
  }
  if (!IsPages(run.hpa.value) || !FitsPhysical(run)) {
    return RunError(object, i, "hpa",
                    " must be page-aligned, and the run must end below 2^52");
  }
  return absl::OkStatus();
}

PhysicalSpan ResolveInRun(const LayoutRun& run, uint64_t offset) {
  const uint64_t in_run = offset - run.first_offset;
  const uint64_t left = run.last_offset - offset + 1;
  const Hpa hpa = run.hpa + (in_run / run.chunk_size * run.stride +
                             in_run % run.chunk_size);
  if (run.stride == run.chunk_size) return {hpa, left};
  return {hpa, std::min(left, run.chunk_size - in_run % run.chunk_size)};
}

}  // namespace

absl::Status ValidateMemoryObject(const MemoryObject& object) {
  if (object.size == 0 || !IsPages(object.size)) {
    return absl::InvalidArgumentError(
        absl::StrCat("memory object \"", object.name,
                     "\": size must be a multiple of 0x1000, and not 0"));
  }
  uint64_t covered = 0;
  for (size_t i = 0; i < object.layout.size(); ++i) {
    if (absl::Status s = ValidateRun(object, i, covered); !s.ok()) return s;
    covered = object.layout[i].last_offset + 1;
  }
  if (covered != object.size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "memory object \"", object.name, "\": the layout covers 0x",
        absl::Hex(covered), " bytes of 0x", absl::Hex(object.size)));
  }
  return absl::OkStatus();
}

PhysicalSpan ResolveOffset(const MemoryObject& object, uint64_t offset) {
  sim::Check(offset < object.size, "offset outside the memory object");
  auto run = std::upper_bound(
      object.layout.begin(), object.layout.end(), offset,
      [](uint64_t o, const LayoutRun& r) { return o < r.first_offset; });
  --run;
  PhysicalSpan span = ResolveInRun(*run, offset);
  while (offset + span.length > run->last_offset) {
    if (++run == object.layout.end() || run->hpa != span.hpa + span.length) {
      break;
    }
    span.length += ResolveInRun(*run, run->first_offset).length;
  }
  return span;
}

}  // namespace iovalab
