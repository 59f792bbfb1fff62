#ifndef IOVALAB_LAB_TRACE_CHECKSUM_H_
#define IOVALAB_LAB_TRACE_CHECKSUM_H_

// CRC-32 of zlib (IEEE 802.3), which ends both forms of a trace: it tells
// damage from a whole file. Not for: anything that an opponent may forge.

#include <zlib.h>

#include <cstdint>

#include "absl/strings/string_view.h"

namespace iovalab {

// Of bytes that follow those whose checksum is `before`.
inline uint32_t Crc32(absl::string_view bytes, uint32_t before = 0) {
  return static_cast<uint32_t>(crc32_z(
      before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_CHECKSUM_H_
