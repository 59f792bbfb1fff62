#ifndef IOVALAB_CLI_TERMINAL_TABLE_H_
#define IOVALAB_CLI_TERMINAL_TABLE_H_

// Table: rows of short texts in aligned columns, for people.
//
// Not for: programs (JSON), or text that must not change with the terminal; a
// table rendered with width 0 is the same everywhere.
//
// Invariants: a row is one line unless a width is given, in which case only the
// last column wraps; no line ends in a space.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/terminal/terminal.h"

namespace iovalab {

enum class Align : uint8_t { kLeft, kRight };

struct TableColumn {
  std::string title;
  Align align = Align::kLeft;
};

struct TableCell {
  std::string text;  // shown through Printable()
  Style style = Style::kPlain;
};

class Table {
 public:
  // No titles at all: no header line.
  explicit Table(std::vector<TableColumn> columns);

  // One cell a column; missing ones are empty.
  void Add(std::vector<TableCell> row);
  bool empty() const { return rows_.empty(); }

  // For the terminal: its colours; the last column wraps at its width.
  std::string Render(const Terminal& terminal) const;
  // As a table of GitHub-flavoured Markdown, styles dropped.
  std::string RenderMarkdown() const;

 private:
  std::vector<size_t> Widths() const;
  void RenderRow(const std::vector<TableCell>& row,
                 const std::vector<size_t>& widths, const Terminal& terminal,
                 std::string& out) const;

  std::vector<TableColumn> columns_;
  std::vector<std::vector<TableCell>> rows_;
};

}  // namespace iovalab

#endif  // IOVALAB_CLI_TERMINAL_TABLE_H_
