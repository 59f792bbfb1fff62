#include "lab/scenario/scenario_scan.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "lab/utf8.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using Token = TextScanner::Token;
using Kind = TextScanner::Kind;

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
         c == '\v';
}

bool IsPunctuation(char c) {
  return absl::string_view("{}<>[]:;,").find(c) != absl::string_view::npos;
}

absl::Status TextError(absl::string_view file, size_t line,
                       absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ": ", what));
}

// Follows the tokens through the messages of a scenario, as far as the names
// make sense.
class FieldTracker {
 public:
  FieldTracker() { frames_.push_back({pb::Scenario::descriptor()}); }

  void Take(const Token& token) {
    Frame& frame = frames_.back();
    const char c = token.text.empty() ? '\0' : token.text[0];
    if (token.kind != Kind::kPunctuation) {
      if (frame.wants_value || frame.in_list) {
        if (!frame.in_list) frame.field = {};
        frame.wants_value = false;
      } else if (token.kind == Kind::kWord) {
        frame.field = token.text;
        frame.index = frame.seen[token.text]++;
      }
    } else if (c == ':') {
      frame.wants_value = true;
    } else if (c == '[') {
      frame.in_list = true;
    } else if (c == ']') {
      frame.in_list = frame.wants_value = false;
      frame.field = {};
    } else if (c == ',' && frame.in_list) {
      frame.index = frame.seen[frame.field]++;
    } else if (c == '{' || c == '<') {
      Open();
    } else if (c == '}' || c == '>') {
      Close();
    }
  }

  std::string Path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.field.empty()) continue;
      const FieldDescriptor* field = Field(frame);
      absl::StrAppend(&path, path.empty() ? "" : ".",
                      field == nullptr ? "" : field->name());
      if (field == nullptr) return path.substr(0, path.size() - 1);
      if (field->is_repeated()) absl::StrAppend(&path, "[", frame.index, "]");
    }
    return path;
  }

 private:
  struct Frame {
    const Descriptor* message = nullptr;
    absl::string_view field = {};  // being read
    int index = 0;
    bool wants_value = false;
    bool in_list = false;
    std::map<absl::string_view, int> seen = {};
  };

  static const FieldDescriptor* Field(const Frame& frame) {
    if (frame.message == nullptr) return nullptr;
    return frame.message->FindFieldByName(std::string(frame.field));
  }

  void Open() {
    const FieldDescriptor* field = Field(frames_.back());
    frames_.push_back({field == nullptr ? nullptr : field->message_type()});
  }

  void Close() {
    if (frames_.size() == 1) return;
    frames_.pop_back();
    Frame& frame = frames_.back();
    frame.wants_value = false;
    if (!frame.in_list) frame.field = {};
  }

  std::vector<Frame> frames_;
};

}  // namespace

void TextScanner::Advance() {
  const char c = text_[at_++];
  if (c == '\n') {
    ++line_;
    column_ = 0;
  } else {
    column_ += c == '\t' ? 8 - column_ % 8 : 1;
  }
}

void TextScanner::SkipBlanks() {
  while (at_ < text_.size()) {
    if (text_[at_] == '#' && comments_ == Comments::kSkip) {
      while (at_ < text_.size() && text_[at_] != '\n') Advance();
    } else if (IsBlank(text_[at_])) {
      Advance();
    } else {
      return;
    }
  }
}

TextScanner::Token TextScanner::Next() {
  SkipBlanks();
  Token token{Kind::kEnd, {}, line_, column_};
  if (at_ == text_.size()) return token;
  const size_t begin = at_;
  const char c = text_[at_];
  Advance();
  if (c == '#') {
    token.kind = Kind::kComment;
    while (at_ < text_.size() && text_[at_] != '\n') Advance();
  } else if (c == '"' || c == '\'') {
    token.kind = Kind::kString;
    bool closed = false;
    while (at_ < text_.size() && text_[at_] != '\n' && !closed) {
      const char now = text_[at_];
      Advance();
      closed = now == c;
      if (now == '\\' && at_ < text_.size() && text_[at_] != '\n') Advance();
    }
  } else if (IsPunctuation(c)) {
    token.kind = Kind::kPunctuation;
  } else {
    token.kind = Kind::kWord;
    while (at_ < text_.size() && !IsBlank(text_[at_]) &&
           !IsPunctuation(text_[at_]) && text_[at_] != '"' &&
           text_[at_] != '\'' && text_[at_] != '#') {
      Advance();
    }
  }
  token.text = text_.substr(begin, at_ - begin);
  return token;
}

absl::Status CheckText(absl::string_view file, absl::string_view text,
                       const LoadLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": ", text.size(), " bytes; a scenario has at most ",
                     limits.max_bytes, " (--max-bytes raises it)"));
  }
  if (const size_t bad = FirstNotUtf8(text); bad < text.size()) {
    const size_t line = 1 + std::count(text.begin(), text.begin() + bad, '\n');
    return text[bad] == '\0'
               ? TextError(file, line, "a NUL byte; a scenario is plain text")
               : TextError(
                     file, line,
                     absl::StrCat("byte 0x",
                                  absl::Hex(static_cast<uint8_t>(text[bad])),
                                  " is not UTF-8; save the file as UTF-8"));
  }
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<uint8_t>(c) < 0x20 && !IsBlank(c);
  });
  if (control != text.end()) {
    return TextError(file, 1 + std::count(text.begin(), control, '\n'),
                     absl::StrCat("control character 0x",
                                  absl::Hex(static_cast<uint8_t>(*control)),
                                  "; a scenario is plain text"));
  }
  TextScanner scanner(text);
  size_t depth = 0;
  size_t values = 0;
  for (Token t = scanner.Next(); t.kind != Kind::kEnd; t = scanner.Next()) {
    if (t.kind != Kind::kPunctuation) continue;
    const char c = t.text[0];
    if (c == '}' || c == '>' || c == ']') depth -= depth > 0 ? 1 : 0;
    if (c == '{' || c == '<' || c == '[') ++depth;
    if (c == '{' || c == '<' || c == ':' || c == ',') ++values;
    if (depth > limits.max_depth) {
      return TextError(file, t.line + 1,
                       absl::StrCat("nested more than ", limits.max_depth,
                                    " deep; a scenario needs 6"));
    }
    if (values > limits.max_values) {
      return TextError(file, t.line + 1,
                       absl::StrCat("more than ", limits.max_values,
                                    " fields; --max-values raises the bound"));
    }
  }
  return absl::OkStatus();
}

SyntaxPlace FindSyntaxPlace(absl::string_view text, int line, int column,
                            bool before) {
  TextScanner scanner(text);
  FieldTracker tracker;
  Token last;
  for (Token t = scanner.Next();; t = scanner.Next()) {
    const bool here = std::pair(t.line, t.column) >= std::pair(line, column);
    if (here && before) return {tracker.Path(), last.line + 1};
    if (last.kind != Kind::kEnd) tracker.Take(last);
    if (here || t.kind == Kind::kEnd) return {tracker.Path(), line + 1};
    last = t;
  }
}

}  // namespace iovalab
