#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_SCAN_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_SCAN_H_

// One cheap pass over the text of a scenario before protobuf's parser sees it:
// what could crash it, hang it or make it eat memory is refused here. The same
// tokens tell, after a syntax error, in which field it is.
//
// Not for: understanding the text. Protobuf's parser alone decides what is a
// scenario; this one only splits it into words, strings and punctuation.
//
// Invariants: linear in the text, no recursion; no copy of the text.

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lab/scenario/scenario_limits.h"

namespace iovalab {

// The tokens of a text proto.
class TextScanner {
 public:
  enum class Kind { kWord, kString, kPunctuation, kComment, kEnd };
  struct Token {
    Kind kind = Kind::kEnd;
    absl::string_view text;
    int line = 0;    // from 0, as protobuf's parser counts
    int column = 0;  // from 0; a tab goes on to the next multiple of 8
  };

  enum class Comments { kSkip, kTell };

  explicit TextScanner(absl::string_view text,
                       Comments comments = Comments::kSkip)
      : text_(text), comments_(comments) {}
  // Words run to the next blank or punctuation; strings to their closing quote
  // or, unclosed, to the end of the line; comments from '#' to there.
  Token Next();

 private:
  void Advance();
  void SkipBlanks();

  absl::string_view text_;
  Comments comments_;
  size_t at_ = 0;
  int line_ = 0;
  int column_ = 0;
};

// InvalidArgument "FILE:LINE: what" where the text is too big, is not UTF-8,
// holds a NUL, nests too deep, or holds too many fields.
absl::Status CheckText(absl::string_view file, absl::string_view text,
                       const LoadLimits& limits);

// The field that protobuf's parser was at when it complained about the token at
// this line and column (its counting): its path, "" at the outermost level.
// With `before` it has already read the token that it complains about.
struct SyntaxPlace {
  std::string path;
  int line = 1;  // from 1
};
SyntaxPlace FindSyntaxPlace(absl::string_view text, int line, int column,
                            bool before);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_SCAN_H_
