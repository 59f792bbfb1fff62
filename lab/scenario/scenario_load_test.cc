#include "lab/scenario/scenario_load.h"

#include <cstdio>
#include <ctime>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "lab/read_file.h"

namespace iovalab {
namespace {

constexpr absl::string_view kNamed = "name: \"n\" summary: \"s\"\n";

std::string Good() {
  const auto text = ReadWholeFile("testdata/bad/good.textproto", 1 << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

// The error of a text, "ok" when there is none.
std::string Says(absl::string_view text, const LoadLimits& limits = {}) {
  const auto loaded = LoadScenario("F", absl::StrCat(kNamed, text), limits);
  return std::string(loaded.ok() ? "ok" : loaded.status().message());
}

TEST(LoadScenario, ResolvesNamesAndFillsInDefaults) {
  const auto loaded = LoadScenario("good", Good());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Scenario& s = loaded->spec;
  EXPECT_EQ(s.name, "good");
  EXPECT_EQ(s.seed, 7u);
  EXPECT_EQ(s.iova_range, (Range<Iova>{Iova(0x1000), Iova(0xffffffffff)}));
  EXPECT_TRUE(s.listener_off_at_start);
  EXPECT_TRUE(s.no_batch);
  EXPECT_EQ(s.memlock, 0x8000000000u);
  EXPECT_EQ(s.latency_ns, 2000u);
  EXPECT_EQ(s.jitter_ns, 10u);
  EXPECT_EQ(s.in_flight, 4u);

  ASSERT_EQ(s.ram_blocks.size(), 2u);
  EXPECT_EQ(
      s.ram_blocks[0].physical[0],
      (PhysicalRunSpec{0, 0x3fffffff, 0x200000, Hpa(0x100000000), 0x400000}));
  // Chunk and stride of a run without either: the whole run.
  EXPECT_EQ(s.ram_blocks[0].physical[1],
            (PhysicalRunSpec{0x40000000, 0x7fffffff, 0x40000000,
                             Hpa(0x200000000), 0x40000000}));
  EXPECT_EQ(s.ram_blocks[1].ram_addr, RamAddr(0x80000000));
  EXPECT_TRUE(s.ram_blocks[0].shared);
  EXPECT_FALSE(s.ram_blocks[1].shared);

  ASSERT_EQ(s.regions.size(), 8u);
  EXPECT_EQ(s.regions[1].kind, RegionKind::kContainer);
  EXPECT_EQ(s.regions[1].priority, -1);
  EXPECT_EQ(s.regions[2].container, 1u);
  EXPECT_EQ(s.regions[2].ram_block, 1u);
  EXPECT_EQ(s.regions[6].alias_of, 0u);
  EXPECT_EQ(s.regions[6].offset, 0xa0000u);
  EXPECT_EQ(s.regions[6].ram_block, kNoIndex);
  EXPECT_TRUE(s.regions[6].readonly);
  EXPECT_FALSE(s.regions[5].enabled);
  EXPECT_TRUE(s.regions[7].is_protected);

  ASSERT_EQ(s.steps.size(), 11u);
  EXPECT_EQ(s.steps[0].after, kNoIndex);  // the first: at 0
  EXPECT_EQ(s.steps[0].at_ns, 0u);
  EXPECT_TRUE(s.steps[0].registered);
  EXPECT_EQ(s.steps[1].after, 0u);
  EXPECT_EQ(s.steps[2].after, kNoIndex);
  EXPECT_EQ(s.steps[2].at_ns, 1000u);
  EXPECT_TRUE(s.steps[2].hold);
  EXPECT_EQ(s.steps[2].buffers,
            (std::vector<BufferSpec>{{{Gpa(0x5000), Gpa(0x5fff)}, true},
                                     {{Gpa(0x8000), Gpa(0x8000)}, false}}));
  EXPECT_EQ(s.steps[3].disable, std::vector<uint32_t>{6});
  EXPECT_EQ(s.steps[3].make_writable, std::vector<uint32_t>{0});
  EXPECT_EQ(s.steps[4].enable, (std::vector<uint32_t>{6, 5}));
  EXPECT_EQ(s.steps[4].delay_ns, 5u);
  EXPECT_EQ(s.steps[5].kind, StepKind::kRelease);
  EXPECT_EQ(s.steps[5].post, 2u);
  EXPECT_EQ(s.steps[6].after, 7u);  // a later one
  EXPECT_EQ(s.steps[6].asid, 1u);
  EXPECT_EQ(s.steps[7].host_buffer, 0u);
  EXPECT_EQ(s.steps[8].kind, StepKind::kDriverOk);
  EXPECT_EQ(s.steps[9].indirect_table, 0x13000u);
  EXPECT_EQ(s.steps[10].ring_write,
            (RingWriteSpec{{{6, 0x14000, 0x7000, 16, 7, 7}}, {6}, 1}));
  EXPECT_EQ(s.queues, (std::vector<QueueSpec>{{8, Gpa(0x10000), Gpa(0x11000),
                                               Gpa(0x12000), 1, 2}}));
  EXPECT_TRUE(s.out_of_order);

  EXPECT_EQ(loaded->axes,
            (std::vector<AxisChoice>{{"mapping", {"hva", "gpa"}},
                                     {"backend", {"vdpa_set_map_pa"}}}));
  EXPECT_EQ(
      loaded->where->Error(Place().At("step", 6).At("probe"), "why").message(),
      "good:58: step[6].probe: why");
}

TEST(LoadScenario, DefaultsWhereNothingIsSaid) {
  const auto loaded = LoadScenario("F", kNamed);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  Scenario expected;
  expected.name = "n";
  EXPECT_EQ(loaded->spec, expected);
  EXPECT_EQ(expected.latency_ns, 1000u);
  EXPECT_EQ(expected.in_flight, 16u);
  EXPECT_EQ(expected.iova_range.last, Iova(0xffffffffffff));
}

TEST(LoadScenario, PlacesMemoryClearOfDeclaredRuns) {
  const auto loaded = LoadScenario(
      "F",
      absl::StrCat(
          kNamed,
          "ram_block { name: 'a' hva { first: 0x10000000 last: 0x1fffffff } }\n"
          "ram_block { name: 'b' hva { first: 0x20000000 last: 0x20001fff }\n"
          "  physical { offset { first: 0 last: 0x1fff } chunk: 0x1000\n"
          "             hpa: 0x140000000 stride: 0x10000000 } }\n"
          "ram_block { name: 'c' hva { first: 0x80000000 last: 0xbfffffff } }\n"
          "host_buffer { name: 'h' hva { first: 0x40000000 last: 0x40000fff } "
          "}\n"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Scenario& s = loaded->spec;
  EXPECT_EQ(s.ram_blocks[0].physical[0].hpa, Hpa(0x100000000));
  EXPECT_EQ(s.ram_blocks[0].physical[0].last_offset, 0xfffffffu);
  // 0x140000000 holds chunks of b.
  EXPECT_EQ(s.ram_blocks[2].physical[0].hpa, Hpa(0x180000000));
  // c ends at 0x1bfffffff; they do not touch.
  EXPECT_EQ(s.host_buffers[0].physical[0].hpa, Hpa(0x200000000));
  EXPECT_EQ(s.ram_blocks[1].ram_addr, RamAddr(0x10000000));
  EXPECT_EQ(s.ram_blocks[2].ram_addr, RamAddr(0x10002000));
}

TEST(LoadScenario, KeepsItsLimits) {
  LoadLimits limits;
  limits.max_bytes = 100;
  EXPECT_EQ(Says(std::string(100, ' '), limits),
            "F: 123 bytes; a scenario has at most 100 (--max-bytes raises it)");
  limits = {.max_values = 3};
  EXPECT_EQ(Says("seed: 1", limits), "ok");
  EXPECT_EQ(Says("\nseed: 1 vmm {}", limits),
            "F:3: more than 3 fields; --max-values raises the bound");
  limits = {.max_ram_blocks = 2};
  const std::string block =
      "ram_block { name: 'm' hva { first: 0x1000 last: 0x2fff }\n"
      "  physical { offset { first: 0 last: 0x1fff } hpa: 0 } }\n";
  EXPECT_EQ(Says(block, limits), "ok");
  EXPECT_EQ(Says(absl::StrCat(block, "host_buffer {}"), limits),
            "F:1: 3 RAM blocks, physical runs and host buffers; at most 2 "
            "(--max-ram-blocks raises it)");
  limits = {.max_regions = 1};
  EXPECT_EQ(Says("region {}\nregion {}", limits),
            "F:3: region[1]: 2 in all; at most 1 (--max-regions raises it)");
  limits = {.max_steps = 1};
  EXPECT_EQ(Says("step {}\nstep {}", limits),
            "F:3: step[1]: 2 in all; at most 1 (--max-steps raises it)");
  limits = {.max_buffers = 1};
  EXPECT_EQ(Says("step { label: 'p' post { buffer {}\nbuffer {} } }", limits),
            "F:3: step[0].post.buffer[1]: 2 in all; at most 1 (--max-buffers "
            "raises it)");
  limits = {.max_expects = 1};
  EXPECT_EQ(Says("expect { verdict: SAFE }\nexpect {}", limits),
            "F:3: expect[1]: 2 in all; at most 1 (--max-expects raises it)");
  for (const LimitInfo& info : LoadLimitTable()) {
    EXPECT_LT(LoadLimits().*info.field, info.most) << info.flag;
  }
  EXPECT_EQ(LoadLimitTable().size(), sizeof(LoadLimits) / sizeof(size_t));
}

// n containers, each holding two aliases of the next: 2^n renderings of the
// last.
std::string Laughs(int n) {
  std::string text =
      "region { name: 'c0' kind: CONTAINER addr { first: 0 last: 9 } }\n";
  for (int i = 1; i <= n; ++i) {
    absl::StrAppend(&text, "region { name: 'c", i,
                    "' kind: CONTAINER addr { first: 0 last: 9 } }\n");
    for (absl::string_view side : {"l", "r"}) {
      absl::StrAppend(&text, "region { name: '", side, i, "' container: 'c", i,
                      "' alias_of: 'c", i - 1,
                      "' addr { first: 0 last: 9 } }\n");
    }
  }
  return text;
}

TEST(LoadScenario, CountsWhatARenderingWouldVisit) {
  EXPECT_EQ(Says(Laughs(13)), "ok");
  EXPECT_EQ(Says(Laughs(100)),
            "F:48: region[46]: aliases and containers below \"c16\" nest more "
            "than 32 deep (--max-depth raises it)");
  LoadLimits limits;
  limits.max_depth = 1000;
  EXPECT_TRUE(
      absl::StrContains(Says(Laughs(100), limits), "more than 1000000 regions"))
      << Says(Laughs(100), limits);
}

TEST(LoadScenario, CountsTheDepthOfAliases) {
  std::string text =
      "region { name: 'a0' kind: IO addr { first: 0 last: 9 } }\n";
  for (int i = 1; i < 32; ++i) {
    absl::StrAppend(&text, "region { name: 'a", i, "' alias_of: 'a", i - 1,
                    "' addr { first: 0 last: 9 } }\n");
  }
  EXPECT_EQ(Says(text), "ok");
  absl::StrAppend(
      &text, "region { name: 'x' alias_of: 'a31' addr { first: 0 last: 9 } }");
  EXPECT_EQ(Says(text),
            "F:34: region[32]: aliases and containers below \"x\" nest more "
            "than 32 deep (--max-depth raises it)");
}

// Anything worse than n log n would time out here.
TEST(LoadScenario, LoadsBigScenarios) {
  std::string text =
      "ram_block { name: 'm' hva { first: 0x100000000 last: 0x1ffffffff } }\n";
  for (int i = 0; i < 20'000; ++i) {
    absl::StrAppend(
        &text, "region { name: 'r", i, "' ram_block: 'm' offset: ", i * 4096,
        " addr { first: ", i * 8192, " last: ", i * 8192 + 4095, " } }\n");
  }
  for (int i = 0; i < 100'000; ++i) {
    absl::StrAppend(&text, "step { label: 's", i, "' memory {} }\n");
  }
  EXPECT_EQ(Says(text), "ok");
  // Each waits for the next, the last for the first.
  EXPECT_TRUE(
      absl::StrContains(Says(absl::StrReplaceAll(text, {{"label: 's0'",
                                                         "label: 's0' after: "
                                                         "'s99999'"}})),
                        "step[0].after: the steps wait for each other"));
}

TEST(LoadScenario, RefusesDeepNestingBeforeParsing) {
  std::string text = std::string(kNamed);
  for (int i = 0; i < 3'000'000; ++i) text += "vmm{";
  const auto loaded = LoadScenario("F", text);
  EXPECT_EQ(loaded.status().message(),
            "F:2: nested more than 32 deep; a scenario needs 6");
}

TEST(LoadScenario, Refuses100MegabytesUnread) {
  const std::string path = absl::StrCat(testing::TempDir(), "/100mb.textproto");
  std::FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  const std::string line = absl::StrCat(std::string(1023, '#'), "\n");
  for (int i = 0; i < 100 * 1024; ++i) std::fputs(line.c_str(), file);
  ASSERT_EQ(std::fclose(file), 0);

  const std::clock_t begin = std::clock();
  const auto text = ReadWholeFile(path, LoadLimits().max_bytes);
  EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC);
  EXPECT_EQ(text.status().message(),
            absl::StrCat(path,
                         ": more than 16777216 bytes; a smaller file "
                         "(--max-bytes raises the bound)"));
  std::remove(path.c_str());
}

constexpr absl::string_view kArrays = R"pb(
  ram_block {
    name : "b"
    hva {first : 0x100000 last : 0x10ffff}
  }
  region {
    name : "ram"
    addr {first : 0x0 last : 0xfff}
    ram_block : "b"
  }
  region {
    name : "a"
    addr {first : 0x10000 last : 0x10fff}
    ram_block : "b"
    offset : 0x1000
    count : 4
    stride : 0x2000
    offset_stride : 0x3000
  }
  region {
    name : "alias"
    addr {first : 0x80000 last : 0x807ff}
    alias_of : "a[2]"
    count : 2
    stride : 0x1000
    offset_stride : 0x800
  }
  step {
    label : "all"
    memory {disable : "a[*]" enable : "alias[0]" each : true}
  }
  step {
    label : "some"
    memory {enable : "a[1-2]" enable : "a[3]"}
  }
)pb";

TEST(LoadScenario, ArraysOfRegions) {
  const auto loaded = LoadScenario("F", absl::StrCat(kNamed, kArrays));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Scenario& s = loaded->spec;
  ASSERT_EQ(s.regions.size(), 7u);
  EXPECT_EQ(s.regions[1].name, "a[0]");
  EXPECT_EQ(s.regions[4].name, "a[3]");
  EXPECT_EQ(s.regions[4].addr, (Range<Gpa>{Gpa(0x16000), Gpa(0x16fff)}));
  EXPECT_EQ(s.regions[4].offset, 0xa000u);
  EXPECT_EQ(s.regions[6].alias_of, 3u);
  EXPECT_EQ(s.regions[6].offset, 0x800u);
  EXPECT_EQ(s.steps[0].disable, (std::vector<uint32_t>{1, 2, 3, 4}));
  EXPECT_EQ(s.steps[0].enable, std::vector<uint32_t>{5});
  EXPECT_TRUE(s.steps[0].each);
  EXPECT_EQ(s.steps[1].enable, (std::vector<uint32_t>{2, 3, 4}));
  // Arrays count for what they hold.
  LoadLimits limits;
  limits.max_regions = 6;
  EXPECT_TRUE(absl::StrContains(Says(kArrays, limits),
                                "7 with it, arrays' elements counted; at most "
                                "6 (--max-regions raises it)"));
  limits.max_regions = 7;
  limits.max_changes = 7;
  EXPECT_TRUE(absl::StrContains(Says(kArrays, limits),
                                "steps up to here change 8 regions; at most 7 "
                                "(--max-changes raises it)"));
  limits.max_changes = 8;
  EXPECT_EQ(Says(kArrays, limits), "ok");
}

// The n-th host_unmap of a buffer is of the address space of its n-th host_map.
TEST(LoadScenario, HostMemoryAndAddressSpaces) {
  const auto loaded =
      LoadScenario("F", absl::StrCat(kNamed, R"pb(
                     host_buffer {
                       name : "h"
                       hva {first : 0x10000 last : 0x11fff}
                     }
                     host_buffer {
                       name : "i"
                       hva {first : 0x12000 last : 0x12fff}
                     }
                     step {
                       label : "a"
                       host_map {host_buffer : "h" asid : 1}
                     }
                     step {
                       label : "b"
                       host_map {host_buffer : "h"}
                     }
                     step {
                       label : "c"
                       host_unmap {host_buffer : "h"}
                     }
                     step {
                       label : "d"
                       host_unmap {host_buffer : "h"}
                     }
                     step {
                       label : "p"
                       host_post {
                         buffer {host_buffer : "h" offset : 0x800}
                         buffer {host_buffer : "i" length : 1 writable : true}
                         buffer {hva {first : 0x11fff last : 0x12000}}
                         asid : 1
                         hold : true
                       }
                     }
                     step {
                       label : "r"
                       release {post : "p"}
                     }
                   )pb"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const std::vector<StepSpec>& steps = loaded->spec.steps;
  EXPECT_EQ(steps[0].asid, 1u);
  EXPECT_EQ(steps[2].asid, 1u);
  EXPECT_EQ(steps[3].asid, 0u);
  EXPECT_EQ(steps[4].asid, 1u);
  EXPECT_EQ(steps[4].host_pieces, (std::vector<HostPieceSpec>{
                                      {{Hva(0x10800), Hva(0x11fff)}, false},
                                      {{Hva(0x12000), Hva(0x12000)}, true},
                                      {{Hva(0x11fff), Hva(0x12000)}, false}}));
  EXPECT_EQ(steps[5].post, 4u);
}

}  // namespace
}  // namespace iovalab
