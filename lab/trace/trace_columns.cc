#include "lab/trace/trace_columns.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lab/trace/trace_token.h"
#include "model/store/store_id.h"

namespace iovalab {
namespace {

constexpr absl::string_view kPerms[] = {"-", "r", "w", "rw"};

struct Spelling {
  absl::string_view field;
  absl::string_view prefix;
};
// + iotlb.0 [FIRST-LAST] -> TARGET rw x1024 key_stride=0x200000
constexpr Spelling kDeltaColumns[] = {{"op", ""},     {"store", ""},
                                      {"first", "["}, {"target", "-> "},
                                      {"perm", ""},   {"count", "x"}};
constexpr absl::string_view kDeltaSigns[] = {"+", "-", "~"};

bool IsRange(absl::Span<const FieldInfo> fields, size_t i) {
  if (i + 1 >= fields.size()) return false;
  const FieldInfo& a = fields[i];
  const FieldInfo& b = fields[i + 1];
  absl::string_view stem_a = a.name;
  absl::string_view stem_b = b.name;
  return a.type == FieldType::kHex && b.type == FieldType::kHex &&
         a.optional == b.optional && absl::ConsumeSuffix(&stem_a, "first") &&
         absl::ConsumeSuffix(&stem_b, "last") && stem_a == stem_b;
}

Column MakeColumn(absl::Span<const FieldInfo> fields, size_t i) {
  Column column;
  column.field = i;
  column.optional = fields[i].optional;
  column.values = fields[i].values;
  column.range = IsRange(fields, i);
  if (!column.range) {
    column.prefix = absl::StrCat(fields[i].name, "=");
  } else if (fields[i].name == "first") {
    column.prefix = "[";
  } else {
    column.prefix =
        absl::StrCat(absl::StripSuffix(fields[i].name, "_first"), "=[");
  }
  return column;
}

void SpellDelta(std::vector<Column>* columns,
                absl::Span<const FieldInfo> fields) {
  auto place = columns->begin();
  for (const Spelling& spelling : kDeltaColumns) {
    const auto at = std::find_if(place, columns->end(), [&](const Column& c) {
      return fields[c.field].name == spelling.field;
    });
    at->prefix = std::string(spelling.prefix);
    if (spelling.field == "op") at->values = kDeltaSigns;
    std::rotate(place, at, at + 1);
    ++place;
  }
}

std::vector<Column> MakeColumns(Kind kind) {
  const absl::Span<const FieldInfo> fields = GetKind(kind).fields;
  std::vector<Column> columns;
  for (size_t i = kind == Kind::kStep ? kStepLabel + 1 : 0;
       i < fields.size();) {
    columns.push_back(MakeColumn(fields, i));
    i += columns.back().range ? 2 : 1;
  }
  if (kind == Kind::kDelta) SpellDelta(&columns, fields);
  return columns;
}

void AppendSigned(std::string* out, uint64_t word) {
  const bool negative = static_cast<int64_t>(word) < 0;
  if (negative) out->push_back('-');
  AppendDecimal(out, negative ? -word : word);
}

bool ConsumeSigned(absl::string_view* in, uint64_t* word) {
  absl::string_view rest = *in;
  const bool negative = Consume(&rest, "-");
  uint64_t value = 0;
  if (!ConsumeDecimal(&rest, &value)) return false;
  if (value > uint64_t{INT64_MAX} + (negative ? 1 : 0)) return false;
  *word = negative ? -value : value;
  *in = rest;
  return true;
}

// Letters, digits and what else names of the tables are made of.
absl::string_view TableWord(absl::string_view in) {
  return in.substr(0, std::min(in.find_first_of(" ])"), in.size()));
}

// One of `names` by its place, or a decimal number.
bool ConsumeChoice(absl::Span<const absl::string_view> names,
                   absl::string_view* in, uint64_t* word) {
  const absl::string_view token = TableWord(*in);
  const auto at = std::find(names.begin(), names.end(), token);
  if (at == names.end()) return ConsumeDecimal(in, word);
  *word = at - names.begin();
  in->remove_prefix(token.size());
  return true;
}

template <typename Value>
bool ConsumeFound(absl::string_view* in, std::optional<Value> value,
                  uint64_t number, uint64_t* word) {
  if (!value) return false;
  *word = number;
  in->remove_prefix(TableWord(*in).size());
  return true;
}

bool ConsumeErrno(absl::string_view* in, uint64_t* word) {
  const std::optional<int64_t> err = ErrnoByName(TableWord(*in));
  if (!err) return ConsumeSigned(in, word);
  return ConsumeFound(in, err, static_cast<uint64_t>(*err), word);
}

bool ConsumeNameWord(Trace* trace, absl::string_view* in, uint64_t* word) {
  std::string name;
  if (ConsumeName(in, &name)) {
    *word = trace->Intern(name);
    return true;
  }
  *word = kNoName;
  return Consume(in, "-");
}

bool ConsumeEventWord(const EventFinder& finder, absl::string_view* in,
                      uint64_t* word) {
  if (const std::optional<EventIndex> event = finder.ConsumeId(in)) {
    *word = *event;
    return true;
  }
  *word = kNoEvent;
  return Consume(in, "-");
}

}  // namespace

const std::vector<Column>& ColumnsOf(Kind kind) {
  using All =
      std::array<std::vector<Column>, static_cast<size_t>(Kind::kCount)>;
  static const All* const kAll = [] {
    auto* all = new All;
    for (size_t k = 0; k < all->size(); ++k) {
      (*all)[k] = MakeColumns(static_cast<Kind>(k));
    }
    return all;
  }();
  return (*kAll)[static_cast<size_t>(kind)];
}

bool IsAbsent(const Column& column, Kind kind,
              absl::Span<const uint64_t> words) {
  if (!column.optional) return false;
  const absl::Span<const FieldInfo> fields = GetKind(kind).fields;
  const size_t i = column.field;
  return words[i] == fields[i].absent &&
         (!column.range || words[i + 1] == fields[i + 1].absent);
}

void AppendWord(const Trace& trace, const EventIds& ids, FieldType type,
                absl::Span<const absl::string_view> values, uint64_t word,
                std::string* out) {
  const auto append = [out](absl::string_view s) {
    out->append(s.data(), s.size());
  };
  switch (type) {
    case FieldType::kHex:
      return AppendHex16(out, word);
    case FieldType::kSize:
      return AppendHex(out, word);
    case FieldType::kCount:
    case FieldType::kBool:
      return AppendDecimal(out, word);
    case FieldType::kSigned:
      return AppendSigned(out, word);
    case FieldType::kErrno: {
      const absl::string_view name = ErrnoName(static_cast<int64_t>(word));
      return name.empty() ? AppendSigned(out, word) : append(name);
    }
    case FieldType::kName:
      return word == kNoName ? append("-") : AppendName(out, trace.name(word));
    case FieldType::kEvent:
      if (word < trace.size()) {
        return ids.Append(static_cast<EventIndex>(word), out);
      }
      return append("-");
    case FieldType::kPerm:
      return word < 4 ? append(kPerms[word]) : AppendDecimal(out, word);
    case FieldType::kEnum:
      return word < values.size() ? append(values[word])
                                  : AppendDecimal(out, word);
    case FieldType::kStore: {
      const std::optional<StoreId> id = StoreId::Unpack(word);
      return id ? append(id->Name()) : AppendDecimal(out, word);
    }
    case FieldType::kRule:
      return word < static_cast<uint64_t>(Rule::kCount)
                 ? append(GetRule(static_cast<Rule>(word)).name)
                 : AppendDecimal(out, word);
  }
}

bool ConsumeWord(Trace* trace, const EventFinder& finder, FieldType type,
                 absl::Span<const absl::string_view> values,
                 absl::string_view* in, uint64_t* word,
                 absl::string_view* expected) {
  switch (type) {
    case FieldType::kHex:
      *expected = "0x and 16 hexadecimal digits";
      return ConsumeHex(in, word);
    case FieldType::kSize:
      *expected = "0x and hexadecimal digits, of 64 bits at most";
      return ConsumeHex(in, word);
    case FieldType::kCount:
    case FieldType::kBool:
      *expected = "a decimal number below 2^64";
      return ConsumeDecimal(in, word);
    case FieldType::kSigned:
      *expected = "a signed decimal number of 64 bits";
      return ConsumeSigned(in, word);
    case FieldType::kErrno:
      *expected = "0, an errno name such as -EINVAL, or a decimal number";
      return ConsumeErrno(in, word);
    case FieldType::kName:
      *expected = "a name, a quoted name, or - for none";
      return ConsumeNameWord(trace, in, word);
    case FieldType::kEvent:
      *expected = "the id of an earlier event, or - for none";
      return ConsumeEventWord(finder, in, word);
    case FieldType::kPerm:
      *expected = "-, r, w, rw or a decimal number";
      return ConsumeChoice(kPerms, in, word);
    case FieldType::kEnum:
      *expected = "one of the field's names, or a decimal number past them";
      return ConsumeChoice(values, in, word);
    case FieldType::kStore: {
      *expected = "a store, such as iova_hva or iotlb.0";
      const std::optional<StoreId> id = StoreId::Parse(TableWord(*in));
      return ConsumeFound(in, id, id ? id->Pack() : 0, word);
    }
    case FieldType::kRule: {
      *expected = "a rule, as `iovalab list events` names them";
      const std::optional<Rule> rule = RuleByName(TableWord(*in));
      return ConsumeFound(in, rule, rule ? static_cast<uint64_t>(*rule) : 0,
                          word);
    }
  }
  return false;
}

}  // namespace iovalab
