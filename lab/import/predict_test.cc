#include "lab/import/predict.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "lab/import/import_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

const Strategy& By(absl::string_view name) { return *StrategyByName(name); }

struct CaptureCase {
  const char* capture;
  const char* mapping;
  uint64_t predicted;
  uint64_t total;
  std::vector<uint64_t> wrong;  // lines; only compared when few
};

// Each QEMU with the strategy that it has, and crossed over.
TEST(Predict, Captures) {
  const CaptureCase kCases[] = {
      {"qemu72-q35-4g-novga-svq", "hva", 28, 28, {}},
      {"qemu72-q35-4g-vga-svq", "hva", 30, 30, {}},
      {"qemu100-q35-4g-novga-svq", "gpa", 28, 28, {}},
      {"qemu100-q35-4g-vga-svq", "gpa", 30, 30, {}},
      {"qemu72-q35-4g-novga-nosvq", "passthrough", 20, 20, {}},
      {"qemu100-q35-4g-novga-nosvq", "passthrough", 20, 20, {}},
      // Crossed: the close of high SMRAM, and at stop its mirror image.
      {"qemu72-q35-4g-novga-svq", "gpa", 26, 28, {1920, 1972}},
      {"qemu72-q35-4g-vga-svq", "gpa", 30, 30, {}},
      {"qemu100-q35-4g-novga-svq", "hva", 26, 28, {1924, 1981}},
      {"qemu100-q35-4g-vga-svq", "hva", 30, 30, {}},
      // The GPA-keyed proposals map and unmap as gpa does.
      {"qemu100-q35-4g-novga-svq", "hva_id", 28, 28, {}},
      {"qemu100-q35-4g-novga-svq", "ram_addr", 28, 28, {}},
      {"qemu72-q35-4g-novga-nosvq", "hva", 0, 20, {}},
      {"qemu72-vhost-user-blk-q35-4g", "hva", 0, 0, {}},
      {"qemu72-q35-2g-vtd-linux", "hva", 0, 0, {}},
  };
  for (const CaptureCase& c : kCases) {
    const Import import = ImportQemuLog(ReadCapture(c.capture));
    EXPECT_EQ(import.counts.foreign + import.counts.damaged +
                  import.counts.other + import.counts.trailing,
              0u)
        << c.capture;
    const PredictResult r = PredictImport(import, By(c.mapping));
    EXPECT_EQ(r.predicted, c.predicted) << c.capture << " " << c.mapping;
    EXPECT_EQ(r.total, c.total) << c.capture << " " << c.mapping;
    EXPECT_EQ(r.wrong.size(), c.total - c.predicted) << c.capture;
    if (c.wrong.empty()) continue;
    std::vector<uint64_t> lines;
    for (const Mispredicted& w : r.wrong) lines.push_back(w.line);
    EXPECT_EQ(lines, c.wrong) << c.capture << " " << c.mapping;
  }
}

TEST(Predict, GuessesFromTheFormOfTheLog) {
  const std::pair<const char*, const char*> kCases[] = {
      {"qemu72-q35-4g-novga-svq", "hva"},
      {"qemu100-q35-4g-novga-svq", "gpa"},
      {"qemu72-q35-4g-novga-nosvq", "passthrough"},
      {"qemu100-q35-4g-novga-nosvq", "passthrough"},
      {"qemu72-vhost-user-blk-q35-4g", ""},
  };
  for (const auto& [capture, mapping] : kCases) {
    EXPECT_EQ(GuessMapping(ImportQemuLog(ReadCapture(capture))), mapping)
        << capture;
  }
}

// A map whose region_add the log lost looks like one of the VMM's own memory;
// one alone makes no shadow queue.
TEST(Predict, GuessStandsALostLine) {
  std::string log = ReadCapture("qemu72-q35-4g-novga-nosvq");
  const size_t at = log.find("vhost_vdpa_listener_region_add");
  ASSERT_NE(at, std::string::npos);
  log.erase(at, log.find('\n', at) - at);
  EXPECT_EQ(GuessMapping(ImportQemuLog(log)), "passthrough");
}

// Every number after "iova: " of a message, and the ring addresses that the
// device is told, replaced by what `change` makes of its running number.
template <typename F>
std::string ChangeIovas(absl::string_view log, F change) {
  std::string out;
  uint64_t n = 0;
  for (absl::string_view line : absl::StrSplit(log, '\n')) {
    std::string text(line);
    for (const char* field : {" iova: 0x", "desc_user_addr: 0x",
                              "used_user_addr: 0x", "avail_user_addr: 0x"}) {
      const size_t at = text.find(field);
      if (at == std::string::npos) continue;
      const size_t first = at + std::string(field).size();
      const size_t last = text.find_first_not_of("0123456789abcdef", first);
      text.replace(first, last - first, fmt::format("{:x}", change(n++)));
    }
    absl::StrAppend(&out, text, "\n");
  }
  return out;
}

std::vector<std::vector<Prediction>> AllPredictions(const Import& import) {
  std::vector<std::vector<Prediction>> all;
  for (const Strategy* strategy : Strategies()) {
    for (const ImportDevice& d : import.devices) {
      all.push_back(PredictOps(d.ops, {d.iova_first, d.iova_last}, *strategy));
    }
  }
  return all;
}

// docs/design.md, honesty: predictions do not depend on any IOVA of the log.
TEST(Predict, SeesNoLoggedIova) {
  for (const char* capture :
       {"qemu72-q35-4g-novga-svq", "qemu100-q35-4g-novga-svq",
        "qemu72-q35-4g-novga-nosvq"}) {
    const std::string log = ReadCapture(capture);
    const Import import = ImportQemuLog(log);
    const auto honest = AllPredictions(import);

    const std::string altered =
        ChangeIovas(log, [](uint64_t n) { return 0xabc000 + n * 0x777000; });
    const std::string zero = ChangeIovas(log, [](uint64_t) { return 0; });
    std::vector<uint64_t> order;
    for (uint64_t n = 0; n < 1000; ++n) order.push_back(n * 0x1000);
    sim::Random random(7, 1);
    for (size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[random.Below(i)]);
    }
    const std::string shuffled =
        ChangeIovas(log, [&](uint64_t n) { return order[n % order.size()]; });

    for (const std::string& other : {altered, zero, shuffled}) {
      ASSERT_NE(other, log);
      const Import changed = ImportQemuLog(other);
      EXPECT_EQ(AllPredictions(changed), honest) << capture;
      EXPECT_EQ(GuessMapping(changed), GuessMapping(import)) << capture;
      // And it matters: what was logged is not what is predicted now.
      const absl::string_view mapping = GuessMapping(import);
      EXPECT_LT(PredictImport(changed, By(mapping)).predicted,
                PredictImport(import, By(mapping)).predicted);
    }
  }
}

TEST(Predict, TextNamesFileLineAndBothAnswers) {
  const Import import = ImportQemuLog(ReadCapture("qemu72-q35-4g-novga-svq"));
  EXPECT_EQ(
      PredictText("x.log", PredictImport(import, By("gpa")), By("gpa")),
      "x.log: predicted 26 of 28 map operations (strategy gpa)\n"
      "x.log:1920: unmap logged iova 0x7000 size 0x20000, predicted iova "
      "0x100047000 size 0x20000\n"
      "x.log:1972: unmap logged iova 0x100047000 size 0xc0000, predicted iova "
      "0x7000 size 0xc0000\n");
}

}  // namespace
}  // namespace iovalab
