#include "lab/scenario/scenario_format.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/message_differencer.h"
#include "lab/scenario/scenario_load.h"
#include "lab/scenario/scenario_parse.h"
#include "lab/scenario/scenario_scan.h"
#include "lab/utf8.h"
#include "sim/check.h"

namespace iovalab {
namespace {

using Kind = TextScanner::Kind;
using Token = TextScanner::Token;

constexpr size_t kColumns = 80;
constexpr size_t kIndent = 2;
constexpr size_t kMostBytes = 4 * kColumns;  // of a line, in UTF-8

// A word, or strings that the parser joins.
using Value = std::vector<std::string>;

// A comment on a line of its own, or a field.
struct Item {
  bool blank_before = false;
  std::string comment;  // of a field: what stands behind it
  std::string name;     // empty: only the comment
  bool is_message = false;
  bool is_list = false;
  std::vector<Value> values;    // of a scalar or a list
  std::string opening_comment;  // behind a message's "{"
  std::vector<Item> body;       // of a message
};

// ---------------------------------------------------------------- reading

// Follows the grammar of protobuf's text format for a text that has passed its
// parser, so what is expected is there (checked).
class Reader {
 public:
  explicit Reader(absl::string_view text) {
    TextScanner scanner(text, TextScanner::Comments::kTell);
    do {
      tokens_.push_back(scanner.Next());
    } while (tokens_.back().kind != Kind::kEnd);
  }

  // Up to the token that closes the message, or the end. Recursion is as deep
  // as the text's nesting, which LoadLimits bound.
  std::vector<Item> Body() {
    std::vector<Item> items;
    while (!Closes(Peek())) {
      const bool blank =
          at_ > 0 && !items.empty() && Peek().line - tokens_[at_ - 1].line > 1;
      const size_t before = items.size();
      if (Peek().kind == Kind::kComment) {
        items.emplace_back().comment = CommentText(tokens_[at_++]);
      } else {
        Field(&items);
      }
      if (items.size() > before) items[before].blank_before = blank;
    }
    return items;
  }

 private:
  const Token& Peek() const { return tokens_[at_]; }
  bool At(char c) const {
    return Peek().kind == Kind::kPunctuation && Peek().text[0] == c;
  }
  static bool Closes(const Token& token) {
    return token.kind == Kind::kEnd ||
           (token.kind == Kind::kPunctuation &&
            (token.text == "}" || token.text == ">"));
  }

  static std::string CommentText(const Token& token) {
    return std::string(absl::StripTrailingAsciiWhitespace(token.text));
  }

  // Comments in the middle of the field being read go above it.
  void Hoist() {
    for (; Peek().kind == Kind::kComment; ++at_) {
      hoisted_.push_back(CommentText(Peek()));
    }
  }

  std::string Take() {
    Hoist();
    sim::Check(Peek().kind != Kind::kEnd, "a formatted text was not parsed");
    return std::string(tokens_[at_++].text);
  }

  bool TakeIf(char c) {
    size_t next = at_;
    while (tokens_[next].kind == Kind::kComment) ++next;
    if (tokens_[next].kind != Kind::kPunctuation ||
        tokens_[next].text[0] != c) {
      return false;
    }
    Hoist();
    ++at_;
    return true;
  }

  // A comment on the line of the last token.
  std::string CommentBehind() {
    if (Peek().kind != Kind::kComment || Peek().line != tokens_[at_ - 1].line) {
      return "";
    }
    return CommentText(tokens_[at_++]);
  }

  Value Scalar() {
    Value value = {Take()};
    if (value[0] == "-") value[0] += Take();
    if (value[0][0] != '"' && value[0][0] != '\'') return value;
    value[0] = Quoted(std::move(value[0]));
    for (;;) {  // strings that follow, perhaps after comments
      size_t next = at_;
      while (tokens_[next].kind == Kind::kComment) ++next;
      if (tokens_[next].kind != Kind::kString) return value;
      value.push_back(Quoted(Take()));
    }
  }

  // In double quotes, where that needs no escape.
  static std::string Quoted(std::string text) {
    if (text[0] == '\'' && text.find_first_of("\"\\") == std::string::npos) {
      text.front() = text.back() = '"';
    }
    return text;
  }

  bool TakeOpening() { return TakeIf('{') || TakeIf('<'); }

  // After the opening brace.
  Item Message(const std::string& name) {
    Item item;
    item.name = name;
    item.is_message = true;
    item.opening_comment = CommentBehind();
    // What is hoisted inside belongs inside.
    std::vector<std::string> outer = std::exchange(hoisted_, {});
    item.body = Body();
    hoisted_ = std::move(outer);
    ++at_;  // the closing brace
    return item;
  }

  void List(const std::string& name, std::vector<Item>* fields) {
    Item scalars;
    scalars.name = name;
    scalars.is_list = true;
    bool messages = false;
    while (!TakeIf(']')) {
      if (TakeIf(',')) continue;
      if (TakeOpening()) {
        messages = true;
        fields->push_back(Message(name));
      } else {
        scalars.values.push_back(Scalar());
      }
    }
    if (!messages) fields->push_back(std::move(scalars));
  }

  void Field(std::vector<Item>* items) {
    hoisted_.clear();
    std::vector<Item> fields;
    const std::string name = Take();
    TakeIf(':');
    if (TakeIf('[')) {
      List(name, &fields);
    } else if (TakeOpening()) {
      fields.push_back(Message(name));
    } else {
      fields.emplace_back().name = name;
      fields.back().values.push_back(Scalar());
    }
    std::string& behind = fields.back().comment;
    behind = CommentBehind();
    if ((TakeIf(',') || TakeIf(';')) && behind.empty()) {
      behind = CommentBehind();
    }
    for (std::string& comment : hoisted_) {
      items->emplace_back().comment = std::move(comment);
    }
    hoisted_.clear();
    for (Item& field : fields) items->push_back(std::move(field));
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  std::vector<std::string> hoisted_;
};

// ---------------------------------------------------------------- writing

// Columns of text: its code points.
size_t Width(absl::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// On one line, without what stands behind it; appends nothing and is false
// where there is none such, or it is wider than `room`.
bool AppendFlat(const Item& item, size_t room, std::string* out) {
  const size_t begin = out->size();
  const auto give_up = [&] {
    out->resize(begin);
    return false;
  };
  if (item.is_message) {
    const bool nests = item.body.size() > 1 &&
                       std::any_of(item.body.begin(), item.body.end(),
                                   [](const Item& i) { return i.is_message; });
    if (nests || !item.opening_comment.empty()) return false;
    absl::StrAppend(out, item.name, item.body.empty() ? " {" : " { ");
    for (const Item& inner : item.body) {
      if (inner.name.empty() || !inner.comment.empty() || inner.blank_before ||
          !AppendFlat(inner, room, out) || out->size() - begin > kMostBytes) {
        return give_up();
      }
      *out += ' ';
    }
    *out += '}';
  } else {
    for (const Value& value : item.values) {
      if (value.size() > 1) return false;
    }
    absl::StrAppend(out, item.name, ": ", item.is_list ? "[" : "");
    for (size_t i = 0; i < item.values.size(); ++i) {
      absl::StrAppend(out, i == 0 ? "" : ", ", item.values[i][0]);
    }
    if (item.is_list) *out += ']';
  }
  const absl::string_view flat = absl::string_view(*out).substr(begin);
  return Width(flat) <= room || give_up();
}

// Strings one below the other.
void AppendValue(const Value& value, size_t column, std::string* out) {
  absl::StrAppend(out, absl::StrJoin(value, "\n" + std::string(column, ' ')));
}

void AppendItems(const std::vector<Item>& items, size_t indent,
                 std::string* out);

void AppendItem(const Item& item, size_t indent, std::string* out) {
  const std::string margin(indent, ' ');
  if (item.name.empty()) {
    absl::StrAppend(out, margin, item.comment, "\n");
    return;
  }
  *out += margin;
  const size_t room = kColumns - std::min(indent, kColumns);
  if (!AppendFlat(item, room, out)) {
    if (item.is_message) {
      absl::StrAppend(out, item.name, " {",
                      item.opening_comment.empty() ? "" : "  ",
                      item.opening_comment, "\n");
      AppendItems(item.body, indent + kIndent, out);
      absl::StrAppend(out, margin, "}");
    } else if (item.is_list) {
      absl::StrAppend(out, item.name, ": [\n");
      for (size_t i = 0; i < item.values.size(); ++i) {
        absl::StrAppend(out, margin, "  ");
        AppendValue(item.values[i], indent + kIndent, out);
        absl::StrAppend(out, i + 1 < item.values.size() ? "," : "", "\n");
      }
      absl::StrAppend(out, margin, "]");
    } else {
      absl::StrAppend(out, item.name, ": ");
      AppendValue(item.values[0], indent + item.name.size() + 2, out);
    }
  }
  absl::StrAppend(out, item.comment.empty() ? "" : "  ", item.comment, "\n");
}

void AppendItems(const std::vector<Item>& items, size_t indent,
                 std::string* out) {
  for (const Item& item : items) {
    if (item.blank_before) *out += '\n';
    AppendItem(item, indent, out);
  }
}

}  // namespace

std::string FormatText(absl::string_view text) {
  std::string out;
  AppendItems(Reader(WithoutByteOrderMark(text)).Body(), 0, &out);
  return out;
}

absl::StatusOr<std::string> FormatScenario(absl::string_view file_name,
                                           absl::string_view text,
                                           const LoadLimits& limits) {
  const absl::StatusOr<LoadedScenario> scenario =
      LoadScenario(file_name, text, limits);
  if (!scenario.ok()) return scenario.status();
  std::string formatted = FormatText(text);
  // A slip of ours must not change what a user's file says.
  Locations where(file_name);
  pb::Scenario again;
  LoadLimits loose = limits;
  loose.max_bytes = SIZE_MAX;  // layout may have made it longer
  const absl::Status parsed =
      ParseScenarioText(formatted, loose, &where, &again);
  sim::Check(parsed.ok() && google::protobuf::util::MessageDifferencer::Equals(
                                scenario->proto, again),
             "formatting changed what a scenario says");
  return formatted;
}

}  // namespace iovalab
