#ifndef IOVALAB_LAB_TRACE_TRACE_BINARY_FORMAT_H_
#define IOVALAB_LAB_TRACE_TRACE_BINARY_FORMAT_H_

// Field numbers of lab/trace/trace.proto, for the writer
// (trace_binary_write.cc) and the reader (trace_binary_read.cc). A test holds
// them against the generated classes.

#include <cstddef>
#include <cstdint>

namespace iovalab::trace_binary {

enum FileField : uint32_t { kMagic = 1, kHeader = 2, kChunk = 3, kFooter = 4 };

enum HeaderField : uint32_t {
  kSchemaVersion = 1,
  kTool = 2,
  kScenarioName = 3,
  kScenario = 4,
  kSeed = 5,
  kPolicy = 6,
  kIncomplete = 7,
  kKinds = 8,
  kActors = 9,
  kRules = 10,
  kStores = 11,
  kHeaderCrc = 15,
};

enum PolicyField : uint32_t { kAxis = 1, kValue = 2 };

enum ChunkField : uint32_t { kName = 1, kEvent = 2, kCount = 3, kChunkCrc = 4 };

enum EventField : uint32_t {
  kEventKind = 1,
  kEventActor = 2,
  kEventCause = 3,
  kEventRoot = 4,
  kEventDelay = 5,
  kEventRule = 6,
  kEventWords = 7,
};

enum FooterField : uint32_t {
  kEvents = 1,
  kChunks = 2,
  kPartsCrc = 3,
  kFooterCrc = 4,
};

// The tag, of one byte, and the value of a crc32 field.
inline constexpr size_t kCrcSize = 5;

inline constexpr size_t kChunkEvents = 4096;
// A writer closes a chunk that has grown past this.
inline constexpr size_t kChunkBytes = size_t{1} << 20;
// A header has few policies, and words of our tables.
inline constexpr size_t kMaxHeaderItems = 4096;

}  // namespace iovalab::trace_binary

#endif  // IOVALAB_LAB_TRACE_TRACE_BINARY_FORMAT_H_
