// The floor of E1: reads a scenario's text into its protobuf message, and does
// no more.

#include <fcntl.h>
#include <unistd.h>

#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "google/protobuf/text_format.h"
#include "scenarios/scenario.pb.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const int fd = open(argv[1], O_RDONLY);
  if (fd < 0) return 2;
  google::protobuf::io::FileInputStream input(fd);
  iovalab::pb::Scenario scenario;
  if (!google::protobuf::TextFormat::Parse(&input, &scenario)) return 1;
  return scenario.step_size() > 0 ? 0 : 1;
}
