// Predictions over whole lives of devices, in logs that a naive tree wrote.

#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lab/import/import_testing.h"
#include "lab/import/predict.h"
#include "sim/random.h"

namespace iovalab {
namespace {

const Strategy& By(absl::string_view name) { return *StrategyByName(name); }

constexpr uint64_t kRam = 0x7f0000000000;
constexpr uint64_t kHost = 0x7e0000000000;

// i440fx: RAM below 3 GiB and above 4 GiB out of one block; high SMRAM aliases.
std::vector<FakeSection> I440fx() {
  return {{0, 0x9ffff, kRam, false},
          {0xc0000, 0xcbfff, kRam + 0xc0000, true},
          {0xcc000, 0xfffff, kRam + 0xcc000, false},
          {0x100000, 0xbfffffff, kRam + 0x100000, false},
          {0xfffc0000, 0xffffffff, kRam + 0x300000000, true},
          {0x100000000, 0x23fffffff, kRam + 0xc0000000, false}};
}

// Start, run with a DIMM that comes and goes, stop; as QEMU up to 10.0.
void Cycle(FakeQemu& q, bool cvq, int queues) {
  q.StartLine(true);
  for (int i = 0; i < queues; ++i) {
    q.MapRings(i, kHost + 0x10000 * i, 0x2000, 0x1000);
  }
  if (cvq) {
    q.MapBuffers(kHost + 0x800000);
    q.MapRings(queues, kHost + 0x900000, 0x1000, 0x1000, true);
  }
  for (const FakeSection& s : I440fx()) q.RegionAdd(s);
  q.Commit();
  const FakeSection dimm{0x240000000, 0x27fffffff, kRam + 0x500000000, false};
  const FakeSection smram{0xfeda0000, 0xfedbffff, kRam + 0x180000, false};
  q.RegionAdd(dimm);
  q.Commit();
  q.RegionAdd(smram);
  q.Commit();
  q.RegionDel(dimm);
  q.Commit();
  q.RegionDel(smram);
  q.Commit();
  q.RegionAdd(dimm);
  q.Commit();
  q.StartLine(false);
  for (int i = 0; i < queues + cvq; ++i) q.UnmapRings(i);
  for (const FakeSection& s : I440fx()) q.RegionDel(s);
  q.RegionDel(dimm);
  q.Commit();
  if (cvq) q.UnmapBuffers();
  q.NewTree();
}

TEST(Predict, WholeLivesOfDevices) {
  for (const bool shared : {false, true}) {
    for (const bool cvq : {false, true}) {
      for (const bool vring_lines : {false, true}) {
        for (const bool timestamps : {false, true}) {
          for (const bool batch : {false, true}) {
            std::string log;
            FakeQemuOptions o;
            o.shared = o.by_gpa = shared;
            o.vring_lines = vring_lines;
            o.timestamps = timestamps;
            o.batch = batch;
            FakeQemu q(o, &log);
            q.Init();
            Cycle(q, cvq, 2);
            Cycle(q, cvq, 4);
            const absl::string_view mapping = shared ? "gpa" : "hva";
            const Import import = ImportQemuLog(log);
            const PredictResult r = PredictImport(import, By(mapping));
            EXPECT_EQ(r.total, static_cast<uint64_t>(q.messages()));
            EXPECT_EQ(r.predicted, r.total)
                << PredictText("log", r, By(mapping)) << log;
            EXPECT_EQ(GuessMapping(import), mapping);
          }
        }
      }
    }
  }
}

// The alias of low memory, closed: HVA-keyed QEMU unmaps the wrong one.
TEST(Predict, AliasTellsTheStrategies) {
  for (const bool by_gpa : {false, true}) {
    std::string log;
    FakeQemuOptions o;
    o.by_gpa = by_gpa;
    FakeQemu q(o, &log);
    q.MapRings(0, kHost, 0x2000, 0x1000);
    q.RegionAdd({0, 0x7fffffff, kRam, false});
    q.RegionAdd({0xfeda0000, 0xfedbffff, kRam + 0xa0000, false});
    q.Commit();
    q.RegionDel({0xfeda0000, 0xfedbffff, kRam + 0xa0000, false});
    q.Commit();
    const Import import = ImportQemuLog(log);
    EXPECT_EQ(PredictImport(import, By("gpa")).predicted, by_gpa ? 5u : 4u);
    EXPECT_EQ(PredictImport(import, By("hva")).predicted, by_gpa ? 4u : 5u);
  }
}

// 10.1: the listener registers at init, so RAM takes IOVAs before the rings,
// and stays across stops.
TEST(Predict, ListenerRegisteredAtInit) {
  for (const bool vring_lines : {false, true}) {
    std::string log;
    FakeQemuOptions o;
    o.shared = o.by_gpa = true;
    o.vring_lines = vring_lines;
    FakeQemu q(o, &log);
    q.Init();
    for (const FakeSection& s : I440fx()) q.RegionAdd(s);
    q.Commit();
    for (int cycle = 0; cycle < 3; ++cycle) {
      q.StartLine(true);
      q.MapRings(0, kHost, 0x2000, 0x1000);
      q.MapRings(1, kHost + 0x10000, 0x2000, 0x1000);
      q.MapBuffers(kHost + 0x800000);
      q.MapRings(2, kHost + 0x900000, 0x1000, 0x1000, true);
      q.RegionDel(I440fx()[1]);
      q.RegionAdd(I440fx()[1]);
      q.Commit();
      q.StartLine(false);
      for (int i = 0; i < 3; ++i) q.UnmapRings(i);
      q.UnmapBuffers();
    }
    const PredictResult r = PredictImport(ImportQemuLog(log), By("gpa"));
    EXPECT_EQ(r.total, static_cast<uint64_t>(q.messages()));
    EXPECT_EQ(r.predicted, r.total) << PredictText("log", r, By("gpa"));
  }
}

// x-svq=off with a control virtqueue in an address space of its own: guest RAM
// at IOVA = GPA, the control virtqueue's memory in a tree of its own.
TEST(Predict, ControlVirtqueueWithItsOwnAsid) {
  for (const bool vring_lines : {false, true}) {
    std::string log;
    FakeQemuOptions ram, cvq;
    ram.shared = cvq.shared = true;
    ram.shadow = false;
    cvq.cvq_asid = 1;
    cvq.vring_lines = vring_lines;
    FakeQemu a(ram, &log), b(cvq, &log);
    a.Init();
    for (int cycle = 0; cycle < 2; ++cycle) {
      b.MapBuffers(kHost);
      b.MapRings(2, kHost + 0x9000, 0x1000, 0x1000, true);
      for (const FakeSection& s : I440fx()) a.RegionAdd(s);
      a.Commit();
      b.UnmapRings(2);
      for (const FakeSection& s : I440fx()) a.RegionDel(s);
      a.Commit();
      b.UnmapBuffers();
    }
    const Import import = ImportQemuLog(log);
    EXPECT_EQ(GuessMapping(import), "passthrough");
    const PredictResult r = PredictImport(import, By("passthrough"));
    EXPECT_EQ(r.total, static_cast<uint64_t>(a.messages() + b.messages()));
    EXPECT_EQ(r.predicted, r.total) << PredictText("log", r, By("passthrough"));
  }
}

// Each device has a tree of its own; their lines alternate.
TEST(Predict, SeveralDevicesInOneLog) {
  for (const bool shared : {false, true}) {
    std::string log;
    std::vector<FakeQemu> devices;
    for (int i = 0; i < 3; ++i) {
      FakeQemuOptions o;
      o.shared = o.by_gpa = shared;
      o.fd = 9 + i;
      o.pointer = 0x55aa00001000 + 0x10000 * i;
      o.iova_first = 0x100000 * i;
      devices.emplace_back(o, &log);
    }
    for (FakeQemu& q : devices) q.Init();
    for (int i = 0; i < 3; ++i) devices[i].MapRings(0, kHost + i, 0x2000, 4096);
    for (const FakeSection& s : I440fx()) {
      for (FakeQemu& q : devices) q.RegionAdd(s);
    }
    for (FakeQemu& q : devices) q.Commit();
    for (const FakeSection& s : I440fx()) {
      for (FakeQemu& q : devices) q.RegionDel(s);
    }
    for (FakeQemu& q : devices) q.Commit();
    const Import import = ImportQemuLog(log);
    ASSERT_EQ(import.devices.size(), 3u);
    // 10.0 says the range only where it skips a section: not in this log.
    const PredictResult r = PredictImport(import, By(shared ? "gpa" : "hva"));
    EXPECT_EQ(r.total, 3u * (2 + 12));
    if (!shared) {
      EXPECT_EQ(r.predicted, r.total);
    }
  }
}

// 7.2 has a vhost_vdpa for each vhost_dev: the rings of the data queues are
// mapped through one, the control queue and the listener use the other.
TEST(Predict, PointersOfOneFdAreOneDevice) {
  std::string log;
  FakeQemuOptions o;
  FakeQemu q(o, &log);
  q.MapRings(0, kHost, 0x2000, 0x1000);
  for (size_t at; (at = log.find("55aa00001000")) != std::string::npos;) {
    log.replace(at, 12, "55aa0000f000");
  }
  q.RegionAdd({0, 0xfffff, kRam, false});
  q.Commit();
  const Import import = ImportQemuLog(log);
  ASSERT_EQ(import.devices.size(), 1u);
  EXPECT_EQ(import.devices[0].name, "fd 9");
  EXPECT_EQ(PredictImport(import, By("hva")).predicted, 3u);
}

// A device that is created again (another process, the same fd) has a new tree.
TEST(Predict, SameFdAfterInitStartsAnew) {
  std::string log;
  for (int i = 0; i < 2; ++i) {
    FakeQemuOptions o;
    o.pointer += 0x100000 * i;
    FakeQemu q(o, &log);
    q.Init();
    q.MapRings(0, kHost, 0x2000, 0x1000);
    q.RegionAdd({0, 0xfffff, kRam, false});  // and then it is killed
    q.Commit();
  }
  const PredictResult r = PredictImport(ImportQemuLog(log), By("hva"));
  EXPECT_EQ(r.total, 6u);
  EXPECT_EQ(r.predicted, 6u) << PredictText("log", r, By("hva"));
}

// Long random lives against the naive tree of FakeQemu.
TEST(Predict, RandomHotplugAgainstANaiveTree) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    sim::Random random(seed, 3);
    std::string log;
    FakeQemuOptions o;
    o.shared = o.by_gpa = seed % 2 != 0;
    o.timestamps = seed % 3 != 0;
    FakeQemu q(o, &log);
    q.Init();
    q.MapRings(0, kHost, 0x2000, 0x1000);
    // Slots in guest memory, over three blocks of host memory that they alias.
    std::map<uint64_t, FakeSection> live;
    for (int step = 0; step < 120; ++step) {
      const uint64_t slot = random.Below(24) * 0x1000000;
      const auto it = live.find(slot);
      if (it != live.end()) {
        q.RegionDel(it->second);
        live.erase(it);
      } else {
        const uint64_t size = (1 + random.Below(64)) * 0x1000;
        const uint64_t hva =
            kRam + random.Below(3) * 0x100000000 + random.Below(256) * 0x1000;
        live[slot] = {slot, slot + size - 1, hva, random.Below(4) == 0};
        q.RegionAdd(live[slot]);
      }
      if (random.Below(3) == 0) q.Commit();
    }
    const absl::string_view mapping = o.by_gpa ? "gpa" : "hva";
    const PredictResult r = PredictImport(ImportQemuLog(log), By(mapping));
    EXPECT_EQ(r.total, static_cast<uint64_t>(q.messages())) << seed;
    EXPECT_EQ(r.predicted, r.total) << seed << "\n"
                                    << PredictText("log", r, By(mapping));
  }
}

// Deletions that find each other's nodes may leave one behind and send nothing
// for the last; QEMU up to 10.0 drops the tree with it at the next start.
TEST(Predict, WhatATreeKeptIsGoneAtTheNextStart) {
  std::string log;
  FakeQemu q({}, &log);
  const FakeSection low{0, 0x3fff, kRam, false};
  const FakeSection all{0x100000, 0x10ffff, kRam, false};
  const FakeSection mid{0x200000, 0x203fff, kRam + 0x8000, false};
  for (int cycle = 0; cycle < 2; ++cycle) {
    for (const FakeSection& s : {low, all, mid}) q.RegionAdd(s);
    q.Commit();
    for (const FakeSection& s : {all, mid, low}) q.RegionDel(s);
    q.Commit();
    q.NewTree();
  }
  EXPECT_EQ(q.messages(), 2 * (3 + 2));
  const PredictResult r = PredictImport(ImportQemuLog(log), By("hva"));
  EXPECT_EQ(r.total, 10u);
  EXPECT_EQ(r.predicted, 10u) << PredictText("log", r, By("hva"));
}

TEST(Predict, MessagesThatAreMissingCount) {
  std::string log;
  FakeQemu q({}, &log);
  q.RegionAdd({0, 0xfffff, kRam, false});
  q.RegionAdd({0x200000, 0x2fffff, kRam + 0x200000, false});
  q.Commit();
  const size_t map = log.find("vhost_vdpa_dma_map");
  const size_t line = log.rfind('\n', map) + 1;
  log.erase(line, log.find('\n', map) + 1 - line);
  const PredictResult r = PredictImport(ImportQemuLog(log), By("hva"));
  EXPECT_EQ(r.total, 2u);
  EXPECT_EQ(r.predicted, 1u);
  ASSERT_EQ(r.wrong.size(), 1u);
  EXPECT_FALSE(r.wrong[0].logged);
  // Where a line is damaged, that may be the one.
  const PredictResult damaged = PredictImport(
      ImportQemuLog(log + "vhost_vdpa_dma_map vdpa:0x\n"), By("hva"));
  EXPECT_EQ(damaged.total, 1u);
  EXPECT_EQ(damaged.predicted, 1u);
}

}  // namespace
}  // namespace iovalab
