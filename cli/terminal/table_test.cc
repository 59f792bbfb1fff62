#include "cli/terminal/table.h"

#include <unistd.h>

#include "cli/terminal/capture.h"
#include "gtest/gtest.h"

namespace iovalab {
namespace {

Table Example() {
  Table table({{"mapping"}, {"faults", Align::kRight}, {"why"}});
  table.Add({{"hva", Style::kRed}, {"12"}, {"M1 is lost → M3 stays stale"}});
  table.Add({{"hva_id…"}, {"0"}});
  return table;
}

std::string Render(const Table& table, ColorMode mode) {
  return Capture([&](Terminal& t) {
           t.SetColor(mode);
           t.Write(table.Render(t));
           return kFine;
         })
      .out;
}

TEST(Table, AlignsColumnsByWhatIsSeen) {
  EXPECT_EQ(Render(Example(), ColorMode::kNever),
            "mapping  faults  why\n"
            "hva          12  M1 is lost → M3 stays stale\n"
            "hva_id…       0\n");
}

TEST(Table, ColourDoesNotShiftColumns) {
  EXPECT_EQ(Render(Example(), ColorMode::kAlways),
            "\x1b[1mmapping\x1b[0m  \x1b[1mfaults\x1b[0m  \x1b[1mwhy\x1b[0m\n"
            "\x1b[31mhva\x1b[0m          12  M1 is lost → M3 stays stale\n"
            "hva_id…       0\n");
}

TEST(Table, NoTitlesNoHeader) {
  Table table({{}, {}});
  table.Add({{"a"}, {"b"}});
  EXPECT_EQ(Render(table, ColorMode::kNever), "a  b\n");
}

TEST(Table, CellsCannotBreakTheTable) {
  Table table({{"name"}, {"n"}});
  table.Add({{"a\nb\x1b[31m"}, {"1"}});
  EXPECT_EQ(Render(table, ColorMode::kNever),
            "name            n\n"
            "a\\x0ab\\x1b[31m  1\n");
}

TEST(Table, LastColumnWrapsOnATerminal) {
  const PseudoTerminal pseudo(30);
  Table table({{"rule"}, {"says"}});
  table.Add({{"r.1"}, {"a section that is misaligned is passed over"}});
  Terminal t(pseudo.tty(), STDERR_FILENO);
  t.SetColor(ColorMode::kNever);
  EXPECT_EQ(table.Render(t),
            "rule  says\n"
            "r.1   a section that is\n"
            "      misaligned is passed\n"
            "      over\n");
}

TEST(Table, Markdown) {
  Table table({{"mapping"}, {"faults", Align::kRight}});
  table.Add({{"hva|gpa"}, {"12"}});
  EXPECT_EQ(table.RenderMarkdown(),
            "| mapping | faults |\n"
            "|---|---:|\n"
            "| hva\\|gpa | 12 |\n");
}

}  // namespace
}  // namespace iovalab
