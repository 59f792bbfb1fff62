#include <algorithm>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/trace/checksum.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_binary_format.h"
#include "lab/trace/trace_binary_header.h"
#include "lab/trace/trace_builder.h"
#include "lab/trace/wire.h"

namespace iovalab {
namespace {

using namespace trace_binary;  // NOLINT: the field numbers
using wire::Type;

// An event as its bytes say it, before its numbers are looked up.
struct RawEvent {
  uint64_t kind = 0, actor = 0, cause = 0, root = 0, delay = 0, rule = 0;
  absl::string_view words;
};

class BinaryReader {
 public:
  BinaryReader(absl::string_view bytes, TraceLimits limits)
      : bytes_(bytes), builder_(limits) {}

  absl::Status Read();
  Trace Take() { return builder_.Take(); }

 private:
  Trace& trace() { return builder_.trace(); }
  absl::Status Wrong(const char* at, absl::string_view field,
                     absl::string_view what) const {
    return trace_binary::Wrong(bytes_.data(), at, field, what);
  }
  absl::Status Damaged(const char* at, absl::string_view field) const {
    return trace_binary::Damaged(bytes_.data(), at, field);
  }

  // Checks the crc32 field that ends the part; takes it off.
  absl::Status OpenPart(absl::string_view name, uint32_t crc_field,
                        absl::string_view* part);

  absl::Status ReadHeader(absl::string_view part);
  absl::Status ReadChunk(absl::string_view part);
  absl::Status ReadEvent(absl::string_view bytes);
  absl::Status ReadRaw(absl::string_view bytes, RawEvent* raw);
  absl::Status ReadRecord(const char* at, const RawEvent& raw,
                          EventRecord* record) const;
  absl::Status ReadWords(const RawEvent& raw, Kind kind);
  absl::Status ReadFooter(absl::string_view part);

  // The word that stands for `code` in memory; nothing where it is out of
  // range.
  std::optional<uint64_t> Decode(FieldType type, uint64_t code) const;

  const absl::string_view bytes_;
  TraceBuilder builder_;
  Dictionary dictionary_;
  std::vector<uint32_t> names_;  // of the file, as names of the trace
  std::string parts_;            // the crc32 of each part so far
  uint64_t chunks_ = 0;

  // Of the event being read.
  std::vector<uint64_t> words_;
  std::string unknown_;
};

absl::Status BinaryReader::OpenPart(absl::string_view name, uint32_t crc_field,
                                    absl::string_view* part) {
  if (part->size() < kCrcSize) return Damaged(part->data(), name);
  const absl::string_view body = part->substr(0, part->size() - kCrcSize);
  wire::Reader in(part->substr(body.size()));
  uint32_t field = 0, crc = 0;
  Type type;
  if (!in.Tag(&field, &type) || field != crc_field || type != Type::kFixed32 ||
      !in.Fixed32(&crc) || crc != Crc32(body)) {
    return Wrong(part->data(), name,
                 "its checksum does not match: the trace is damaged");
  }
  wire::AppendRawFixed32(&parts_, crc);
  *part = body;
  return absl::OkStatus();
}

absl::Status BinaryReader::ReadHeader(absl::string_view part) {
  if (absl::Status s = OpenPart("header", kHeaderCrc, &part); !s.ok()) return s;
  return HeaderReader(bytes_.data(), &trace().header, &dictionary_).Read(part);
}

absl::Status BinaryReader::ReadRaw(absl::string_view bytes, RawEvent* raw) {
  wire::Reader in(bytes);
  unknown_.clear();
  uint64_t* const numbers[] = {nullptr,     &raw->kind, &raw->actor,
                               &raw->cause, &raw->root, &raw->delay,
                               &raw->rule};
  while (!in.done()) {
    const char* const at = in.at();
    uint32_t field = 0;
    Type type;
    bool ok = in.Tag(&field, &type);
    if (ok && field < kEventWords) {
      ok = type == Type::kVarint && in.Varint(numbers[field]);
    } else if (ok && field == kEventWords) {
      ok = type == Type::kBytes && in.Bytes(&raw->words);
    } else if (ok) {
      ok = in.Skip(type);
      unknown_.append(at, in.at() - at);
    }
    if (!ok) return Damaged(at, "event");
  }
  return absl::OkStatus();
}

absl::Status BinaryReader::ReadRecord(const char* at, const RawEvent& raw,
                                      EventRecord* record) const {
  const uint64_t index = builder_.size();
  if (raw.kind >= dictionary_.kinds.size()) {
    return Wrong(at, "kind", "must be one that the header names");
  }
  record->kind = dictionary_.kinds[raw.kind];
  if (record->kind == Kind::kStep) {
    if (raw.actor != 0 || raw.root != 0) {
      return Wrong(at, "step", "must have neither actor nor root");
    }
  } else if (raw.actor >= dictionary_.actors.size()) {
    return Wrong(at, "actor", "must be one that the header names");
  } else if (raw.root == 0 || raw.root > index) {
    return Wrong(at, "root", "must be an earlier step");
  } else {
    record->actor = dictionary_.actors[raw.actor];
    record->root = static_cast<EventIndex>(index - raw.root);
  }
  if (raw.rule > dictionary_.rules.size()) {
    return Wrong(at, "rule", "must be one that the header names");
  }
  if (raw.rule != 0) record->rule = dictionary_.rules[raw.rule - 1];
  if (raw.cause > index) {
    return Wrong(at, "cause", "must be an earlier event");
  }
  int64_t since = 0;
  if (raw.cause != 0) {
    record->cause = static_cast<EventIndex>(index - raw.cause);
    since = builder_.time(record->cause);
  }
  if (raw.delay > static_cast<uint64_t>(INT64_MAX - since)) {
    return Wrong(at, "delay", "must end below 2^63 ns after the run's start");
  }
  record->time = since + static_cast<int64_t>(raw.delay);
  return absl::OkStatus();
}

std::optional<uint64_t> BinaryReader::Decode(FieldType type,
                                             uint64_t code) const {
  const uint64_t index = builder_.size();
  switch (type) {
    case FieldType::kName:
      if (code == 0) return kNoName;
      if (code > names_.size()) return std::nullopt;
      return names_[code - 1];
    case FieldType::kEvent:
      if (code == 0) return kNoEvent;
      if (code > index) return std::nullopt;
      return index - code;
    case FieldType::kStore:
      if (code >= dictionary_.stores.size()) return std::nullopt;
      return dictionary_.stores[code].Pack();
    case FieldType::kRule:
      if (code == 0) return 0;
      if (code > dictionary_.rules.size()) return std::nullopt;
      return static_cast<uint64_t>(dictionary_.rules[code - 1]);
    case FieldType::kSigned:
    case FieldType::kErrno:
      return static_cast<uint64_t>(wire::UnZigZag(code));
    default:
      return code;
  }
}

absl::Status BinaryReader::ReadWords(const RawEvent& raw, Kind kind) {
  const absl::Span<const FieldInfo> fields = GetKind(kind).fields;
  words_.resize(fields.size());
  wire::Reader in(raw.words);
  for (size_t f = 0; f < fields.size(); ++f) {
    words_[f] = fields[f].absent;
    if (in.done() && fields[f].optional) continue;
    const char* const at = in.at();
    uint64_t code = 0;
    if (!in.Varint(&code)) return Wrong(at, fields[f].name, "is missing");
    const std::optional<uint64_t> word = Decode(fields[f].type, code);
    if (!word) return Wrong(at, fields[f].name, "names nothing in the trace");
    words_[f] = *word;
  }
  if (in.done()) return absl::OkStatus();
  return Wrong(in.at(), GetKind(kind).name,
               absl::StrCat("must have at most ", fields.size(), " fields"));
}

absl::Status BinaryReader::ReadEvent(absl::string_view bytes) {
  RawEvent raw;
  EventRecord record;
  if (absl::Status s = ReadRaw(bytes, &raw); !s.ok()) return s;
  if (absl::Status s = ReadRecord(bytes.data(), raw, &record); !s.ok()) {
    return s;
  }
  if (raw.words.data() == nullptr) raw.words = bytes.substr(bytes.size());
  if (absl::Status s = ReadWords(raw, record.kind); !s.ok()) return s;
  absl::Status s = builder_.Add(record, words_, unknown_);
  if (s.ok()) return s;
  return absl::Status(
      s.code(),
      absl::StrCat("byte ", bytes.data() - bytes_.data(), ": ", s.message()));
}

absl::Status BinaryReader::ReadChunk(absl::string_view part) {
  ++chunks_;
  if (absl::Status s = OpenPart("chunk", kChunkCrc, &part); !s.ok()) return s;
  wire::Reader in(part);
  uint64_t events = 0, count = 0;
  while (!in.done()) {
    const char* const at = in.at();
    uint32_t field = 0;
    Type type;
    absl::string_view bytes;
    if (!in.Tag(&field, &type)) return Damaged(at, "chunk");
    const bool ok = field == kCount ? type == Type::kVarint && in.Varint(&count)
                                    : type == Type::kBytes && in.Bytes(&bytes);
    if (!ok || field > kCount) return Damaged(at, "chunk");
    if (field == kName) {
      names_.push_back(trace().Intern(bytes));
      if (absl::Status s = builder_.CheckLimits(); !s.ok()) return s;
    } else if (field == kEvent) {
      ++events;
      if (absl::Status s = ReadEvent(bytes); !s.ok()) return s;
    }
  }
  if (events == count && events <= kChunkEvents) return absl::OkStatus();
  return Wrong(part.data(), "count",
               absl::StrCat("the chunk has ", events, " events, says ", count,
                            ", may have ", kChunkEvents));
}

absl::Status BinaryReader::ReadFooter(absl::string_view part) {
  const uint32_t parts = Crc32(parts_);
  if (absl::Status s = OpenPart("footer", kFooterCrc, &part); !s.ok()) return s;
  std::string right;
  wire::AppendField(&right, kEvents, builder_.size());
  wire::AppendField(&right, kChunks, chunks_);
  wire::AppendFixed32(&right, kPartsCrc, parts);
  if (part == right) return absl::OkStatus();
  return Wrong(part.data(), "footer",
               absl::StrCat("its totals do not match the ", builder_.size(),
                            " events and ", chunks_,
                            " chunks before it: the trace is damaged"));
}

absl::Status BinaryReader::Read() {
  if (!absl::StartsWith(bytes_, kTraceMagic)) {
    return Wrong(bytes_.data(), "magic", "this is no binary trace");
  }
  wire::Reader in(bytes_.substr(kTraceMagic.size()));
  for (uint32_t before = kMagic; before != kFooter;) {
    const char* const at = in.at();
    uint32_t field = 0;
    Type type;
    absl::string_view part;
    if (in.done()) {
      return Wrong(at, "footer", "is missing: the trace is cut off");
    }
    if (!in.Tag(&field, &type) || type != Type::kBytes || !in.Bytes(&part)) {
      return Damaged(at, "file");
    }
    if (field != before + 1 && !(before == kHeader && field == kFooter) &&
        !(before == kChunk && field == kChunk)) {
      return Wrong(at, "file", "must be header, chunks, footer, in this order");
    }
    absl::Status s = field == kHeader  ? ReadHeader(part)
                     : field == kChunk ? ReadChunk(part)
                                       : ReadFooter(part);
    if (!s.ok()) return s;
    before = field;
  }
  if (in.done()) return absl::OkStatus();
  return Wrong(in.at(), "footer", "nothing may follow it");
}

}  // namespace

absl::StatusOr<Trace> TraceFromBinary(absl::string_view file,
                                      absl::string_view bytes,
                                      TraceLimits limits) {
  if (bytes.size() > limits.max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        file, ": bytes: more than the limit of ", limits.max_bytes));
  }
  BinaryReader reader(bytes, limits);
  if (absl::Status s = reader.Read(); !s.ok()) {
    return absl::Status(s.code(), absl::StrCat(file, ": ", s.message()));
  }
  return reader.Take();
}

}  // namespace iovalab
