#include "cli/terminal/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/terminal/text.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr size_t kGap = 2;             // spaces between columns
constexpr size_t kNarrowestWrap = 24;  // columns; below it lines run over

void TrimRight(std::string& s) { s.erase(s.find_last_not_of(' ') + 1); }

}  // namespace

Table::Table(std::vector<TableColumn> columns) : columns_(std::move(columns)) {
  sim::Check(!columns_.empty(), "a table needs a column");
}

void Table::Add(std::vector<TableCell> row) {
  sim::Check(row.size() <= columns_.size(), "a row has too many cells");
  row.resize(columns_.size());
  for (TableCell& cell : row) cell.text = Printable(cell.text);
  rows_.push_back(std::move(row));
}

std::vector<size_t> Table::Widths() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = Columns(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, Columns(row[i].text));
    widths.push_back(width);
  }
  return widths;
}

void Table::RenderRow(const std::vector<TableCell>& row,
                      const std::vector<size_t>& widths,
                      const Terminal& terminal, std::string& out) const {
  std::string line;
  size_t indent = 0;  // of the last column
  for (size_t i = 0; i + 1 < row.size(); ++i) {
    const std::string pad(widths[i] - Columns(row[i].text), ' ');
    const std::string text = terminal.Paint(row[i].style, row[i].text);
    const bool left = columns_[i].align == Align::kLeft;
    absl::StrAppend(&line, left ? text : pad, left ? pad : text,
                    std::string(kGap, ' '));
    indent += widths[i] + kGap;
  }
  const TableCell& last = row.back();
  const size_t room = static_cast<size_t>(terminal.width());
  if (columns_.back().align == Align::kRight) {
    line.append(widths.back() - Columns(last.text), ' ');
  }
  if (room >= indent + kNarrowestWrap) {
    for (absl::string_view part : Wrap(last.text, room - indent)) {
      absl::StrAppend(&line, terminal.Paint(last.style, part));
      TrimRight(line);
      absl::StrAppend(&out, line, "\n");
      line.assign(indent, ' ');
    }
    return;
  }
  absl::StrAppend(&line, terminal.Paint(last.style, last.text));
  TrimRight(line);
  absl::StrAppend(&out, line, "\n");
}

std::string Table::Render(const Terminal& terminal) const {
  const std::vector<size_t> widths = Widths();
  std::string out;
  std::vector<TableCell> titles;
  bool titled = false;
  for (const TableColumn& column : columns_) {
    titled = titled || !column.title.empty();
    titles.push_back({column.title, Style::kBold});
  }
  if (titled) RenderRow(titles, widths, terminal, out);
  for (const auto& row : rows_) RenderRow(row, widths, terminal, out);
  return out;
}

std::string Table::RenderMarkdown() const {
  const auto escape = [](absl::string_view text) {
    return absl::StrReplaceAll(text, {{"|", "\\|"}});
  };
  std::string out = "|";
  for (const TableColumn& c : columns_) {
    absl::StrAppend(&out, " ", escape(c.title), " |");
  }
  absl::StrAppend(&out, "\n|");
  for (const TableColumn& c : columns_) {
    absl::StrAppend(&out, c.align == Align::kRight ? "---:" : "---", "|");
  }
  absl::StrAppend(&out, "\n");
  for (const auto& row : rows_) {
    absl::StrAppend(&out, "|");
    for (const TableCell& cell : row) {
      absl::StrAppend(&out, " ", escape(cell.text), " |");
    }
    absl::StrAppend(&out, "\n");
  }
  return out;
}

}  // namespace iovalab
