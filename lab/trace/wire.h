#ifndef IOVALAB_LAB_TRACE_WIRE_H_
#define IOVALAB_LAB_TRACE_WIRE_H_

// The wire format of protobuf, as much as a trace file needs: varints, tags,
// length-delimited fields, fixed32. Faster than generated classes for our one
// record type, and it knows where the bytes are, which checksums need.
//
// Not for: messages that need no speed and no byte positions (use protoc).
//
// Invariants: a Reader never moves past its end, and a read that fails leaves
// the reader of no use; nothing is allocated but what the caller appends to.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace iovalab::wire {

enum class Type : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kFixed32 = 5
};

inline constexpr size_t kMaxVarint = 10;

// Writes at `p`, which has room for kMaxVarint bytes; returns the end.
inline char* PutVarint(char* p, uint64_t value) {
  while (value >= 0x80) {
    *p++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *p++ = static_cast<char>(value);
  return p;
}

inline char* PutTag(char* p, uint32_t field, Type type) {
  return PutVarint(p, field << 3 | static_cast<uint32_t>(type));
}

// A varint field; nothing for 0, as proto3 does.
inline char* PutField(char* p, uint32_t field, uint64_t value) {
  return value == 0 ? p : PutVarint(PutTag(p, field, Type::kVarint), value);
}

inline void AppendField(std::string* out, uint32_t field, uint64_t value) {
  char buffer[2 * kMaxVarint];
  out->append(buffer, PutField(buffer, field, value) - buffer);
}

// The tag and the length of a field of `size` bytes that the caller appends.
inline void AppendPrefix(std::string* out, uint32_t field, size_t size) {
  char buffer[2 * kMaxVarint];
  char* p = PutVarint(PutTag(buffer, field, Type::kBytes), size);
  out->append(buffer, p - buffer);
}

inline void AppendBytes(std::string* out, uint32_t field,
                        absl::string_view bytes) {
  AppendPrefix(out, field, bytes.size());
  out->append(bytes.data(), bytes.size());
}

inline void AppendRawFixed32(std::string* out, uint32_t value) {
  for (int i = 0; i < 4; ++i) out->push_back(static_cast<char>(value >> 8 * i));
}

inline void AppendFixed32(std::string* out, uint32_t field, uint32_t value) {
  char buffer[kMaxVarint];
  out->append(buffer, PutTag(buffer, field, Type::kFixed32) - buffer);
  AppendRawFixed32(out, value);
}

inline uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t word) {
  return static_cast<int64_t>(word >> 1 ^ (~(word & 1) + 1));
}

class Reader {
 public:
  explicit Reader(absl::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool done() const { return at_ == end_; }
  const char* at() const { return at_; }

  bool Varint(uint64_t* value) {
    *value = 0;
    for (unsigned shift = 0; shift < 70 && at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      if (shift == 63 && byte > 1) return false;  // past 64 bits
      *value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Tag(uint32_t* field, Type* type) {
    uint64_t tag = 0;
    if (!Varint(&tag) || tag > UINT32_MAX || tag >> 3 == 0) return false;
    *field = static_cast<uint32_t>(tag >> 3);
    *type = static_cast<Type>(tag & 7);
    return true;
  }

  bool Bytes(absl::string_view* bytes) {
    uint64_t size = 0;
    if (!Varint(&size) || size > static_cast<uint64_t>(end_ - at_)) {
      return false;
    }
    *bytes = absl::string_view(at_, size);
    at_ += size;
    return true;
  }

  bool Fixed32(uint32_t* value) {
    if (end_ - at_ < 4) return false;
    *value = 0;
    for (int i = 0; i < 4; ++i) {
      *value |= uint32_t{static_cast<uint8_t>(*at_++)} << 8 * i;
    }
    return true;
  }

  // Passes over the value of a field. Groups, which proto3 lacks, fail.
  bool Skip(Type type) {
    uint64_t varint = 0;
    absl::string_view bytes;
    switch (type) {
      case Type::kVarint:
        return Varint(&varint);
      case Type::kBytes:
        return Bytes(&bytes);
      case Type::kFixed32:
      case Type::kFixed64: {
        const ptrdiff_t size = type == Type::kFixed32 ? 4 : 8;
        if (end_ - at_ < size) return false;
        at_ += size;
        return true;
      }
    }
    return false;
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace iovalab::wire

#endif  // IOVALAB_LAB_TRACE_WIRE_H_
