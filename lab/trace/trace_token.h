#ifndef IOVALAB_LAB_TRACE_TRACE_TOKEN_H_
#define IOVALAB_LAB_TRACE_TRACE_TOKEN_H_

// The tokens of a text trace: numbers, and names quoted where they must be.
// Each Append has a Consume that reads back what it wrote.
//
// Not for: fields and lines (trace_columns.h, trace_text.h).
//
// Invariants: what is appended is printable ASCII without newlines, whatever
// the bytes of a name; Consume moves `in` past the token only on success. Both
// sides of a number are exact; spellings that Append would not choose (leading
// zeros, capitals) are for the caller to refuse, who compares whole lines.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace iovalab {

void AppendDecimal(std::string* out, uint64_t value);
void AppendHex(std::string* out, uint64_t value);    // 0x1f
void AppendHex16(std::string* out, uint64_t value);  // 0x000000000000001f
void AppendHexBytes(std::string* out, absl::string_view bytes);  // 001f

bool ConsumeDecimal(absl::string_view* in, uint64_t* value);
bool ConsumeHex(absl::string_view* in, uint64_t* value);
bool ConsumeHexBytes(absl::string_view* in, std::string* bytes);

// A name of letters, digits and _ . : @ / - stands as it is, except "-", which
// means none; any other is quoted, with \" \\ \n and \xHH for the bytes that
// are not printable ASCII. A label is a name that, unquoted, has no slash.
void AppendName(std::string* out, absl::string_view name);
void AppendLabel(std::string* out, absl::string_view label);
bool ConsumeName(absl::string_view* in, std::string* name);
bool ConsumeLabel(absl::string_view* in, std::string* label);

// Literal text.
bool Consume(absl::string_view* in, absl::string_view literal);
// Spaces, at least one.
bool ConsumeSpaces(absl::string_view* in);

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_TOKEN_H_
