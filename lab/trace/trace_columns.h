#ifndef IOVALAB_LAB_TRACE_TRACE_COLUMNS_H_
#define IOVALAB_LAB_TRACE_TRACE_COLUMNS_H_

// Columns: how the fields of each kind of event stand in a line of text, made
// from the table of kinds; and words as text and back. Shared by the text
// writer, its parser, and those who show single fields (diff).
//
//   field `hva`                     hva=0x00007f7903ea0000
//   fields `first`, `last`          [0x0000000000001000-0x0000000000020fff]
//   fields `x_first`, `x_last`      x=[...-...]
//   an optional field that holds its `absent` value: nothing
//
// A delta alone has spellings of its own (kDeltaColumns in the .cc), as most
// lines of a trace are deltas.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lab/trace/trace_ids.h"
#include "model/event/trace.h"

namespace iovalab {

struct Column {
  std::string prefix;  // "hva=", "[", "-> ", "" (only where mandatory)
  size_t field = 0;
  bool range = false;  // the fields `field` and `field` + 1
  bool optional = false;
  absl::Span<const absl::string_view> values;  // names of an enum's values
};

// The columns of a kind in the order of the line. A step's label is no column:
// the line begins with it.
const std::vector<Column>& ColumnsOf(Kind kind);

// Whether the column is left out of the line of an event with these words.
bool IsAbsent(const Column& column, Kind kind,
              absl::Span<const uint64_t> words);

// A word of event's field as text, without a prefix.
void AppendWord(const Trace& trace, const EventIds& ids, FieldType type,
                absl::Span<const absl::string_view> values, uint64_t word,
                std::string* out);

// Reads a word from the front of `in`. Names are interned in the trace, which
// is the one that the word is for. On failure returns false; `expected` then
// says what would be right.
bool ConsumeWord(Trace* trace, const EventFinder& finder, FieldType type,
                 absl::Span<const absl::string_view> values,
                 absl::string_view* in, uint64_t* word,
                 absl::string_view* expected);

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_COLUMNS_H_
