#include "codec/media/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "tests/media/test_pictures.h"

namespace laconic {
namespace {

const Bytes kOld = {'o', 'l', 'd'};
const Bytes kNew = {'n', 'e', 'w', '!'};

TEST(AtomicFile, CreatesWithTheUsualPermissions) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(022);
  ASSERT_TRUE(write_file_atomically(folder.file("a"), kNew).ok());
  ::umask(before);
  EXPECT_EQ(get_file(folder.file("a")), kNew);
  EXPECT_EQ(folder.num_files(), 1u);
  struct stat status = {};
  ASSERT_EQ(::stat(folder.file("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0644u);
}

TEST(AtomicFile, LeavesTheTargetAsItWasWithoutCommit) {
  const TemporaryFolder folder;
  put_file(folder.file("a"), kOld);
  {
    Result<AtomicFile> file = AtomicFile::create(folder.file("a"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->append(kNew).ok());
    EXPECT_EQ(get_file(folder.file("a")), kOld);
  }
  EXPECT_EQ(get_file(folder.file("a")), kOld);
  EXPECT_EQ(folder.num_files(), 1u);
}

TEST(AtomicFile, LeavesNothingWhenTheProcessIsKilled) {
  const TemporaryFolder folder;
  if (const int fd = ::open(folder.file("").c_str(), O_WRONLY | O_TMPFILE, 0600); fd < 0) {
    GTEST_SKIP() << "this file system knows no files without a name";
  } else {
    ::close(fd);
  }
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Result<AtomicFile> file = AtomicFile::create(folder.file("a"));
    if (file.ok() && file->append(kNew).ok()) ::raise(SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(folder.num_files(), 0u);
}

TEST(AtomicFile, ReplacesWithItsPermissionsOnCommit) {
  const TemporaryFolder folder;
  put_file(folder.file("a"), kOld);
  ASSERT_EQ(::chmod(folder.file("a").c_str(), 0600), 0);
  ASSERT_TRUE(write_file_atomically(folder.file("a"), kNew).ok());
  EXPECT_EQ(get_file(folder.file("a")), kNew);
  EXPECT_EQ(folder.num_files(), 1u);
  struct stat status = {};
  ASSERT_EQ(::stat(folder.file("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
}

TEST(AtomicFile, KeepsALinkAndReplacesWhatItPointsTo) {
  const TemporaryFolder folder;
  put_file(folder.file("real"), kOld);
  ASSERT_EQ(::symlink("real", folder.file("link").c_str()), 0);
  ASSERT_EQ(::symlink(folder.file("link").c_str(), folder.file("link2").c_str()), 0);
  ASSERT_EQ(::symlink("missing", folder.file("dangling").c_str()), 0);
  ASSERT_TRUE(write_file_atomically(folder.file("link2"), kNew).ok());
  EXPECT_EQ(get_file(folder.file("real")), kNew);
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link")));
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link2")));
  ASSERT_TRUE(write_file_atomically(folder.file("dangling"), kNew).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("dangling")));
  EXPECT_EQ(get_file(folder.file("missing")), kNew);
}

TEST(AtomicFile, WritesStraightToDevicesAndPipes) {
  EXPECT_TRUE(write_file_atomically("/dev/null", kNew).ok());
  struct stat status = {};
  ASSERT_EQ(::stat("/dev/null", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));

  const TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Bytes seen;
  std::thread reader([&] { seen = get_file(pipe); });
  const Status written = write_file_atomically(pipe, kNew);
  reader.join();
  EXPECT_TRUE(written.ok()) << written.message();
  EXPECT_EQ(seen, kNew);
  EXPECT_EQ(folder.num_files(), 1u);
}

TEST(AtomicFile, GivesIoAndLeavesNothingWhereItCannotWrite) {
  const TemporaryFolder folder;
  EXPECT_EQ(write_file_atomically(folder.file("no/such/folder"), kNew).code(), StatusCode::kIo);
  EXPECT_EQ(write_file_atomically(folder.file(""), kNew).code(), StatusCode::kIo);
  EXPECT_EQ(write_file_atomically("/proc/laconic", kNew).code(), StatusCode::kIo);
  EXPECT_EQ(write_file_atomically("", kNew).code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(::symlink("loop", folder.file("loop").c_str()), 0);
  EXPECT_EQ(write_file_atomically(folder.file("loop"), kNew).code(), StatusCode::kIo);
  EXPECT_EQ(folder.num_files(), 1u);
  EXPECT_EQ(write_file_atomically("/dev/full", kNew).code(), StatusCode::kIo);
}

TEST(AtomicFile, LeavesNothingWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  struct rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small = {4096, before.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = write_file_atomically(folder.file("a"), Bytes(10000, 1));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_EQ(folder.num_files(), 0u);
}

TEST(AtomicFile, RespectsAReadOnlyTarget) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write to everything";
  const TemporaryFolder folder;
  put_file(folder.file("a"), kOld);
  ASSERT_EQ(::chmod(folder.file("a").c_str(), 0400), 0);
  EXPECT_EQ(write_file_atomically(folder.file("a"), kNew).code(), StatusCode::kIo);
  EXPECT_EQ(get_file(folder.file("a")), kOld);
}

TEST(AtomicFile, TakesNamesAsLongAsTheFileSystemDoes) {
  const TemporaryFolder folder;
  EXPECT_TRUE(write_file_atomically(folder.file(std::string(255, 'n')), kNew).ok());
  EXPECT_EQ(write_file_atomically(folder.file(std::string(256, 'n')), kNew).code(), StatusCode::kIo);
  EXPECT_EQ(folder.num_files(), 1u);
}

TEST(ReadFile, GivesTheBytesOrSaysWhyNot) {
  const TemporaryFolder folder;
  put_file(folder.file("a"), kNew);
  put_file(folder.file("empty"), {});
  EXPECT_EQ(*read_file(folder.file("a"), 4), kNew);
  EXPECT_EQ(read_file(folder.file("a"), 3).status().code(), StatusCode::kLimitExceeded);
  EXPECT_TRUE(read_file(folder.file("empty"), 10)->empty());
  EXPECT_FALSE(read_file("/proc/self/status", 1u << 20)->empty());  // a file that says 0 bytes
  EXPECT_EQ(read_file("/dev/zero", 5000).status().code(), StatusCode::kLimitExceeded);
  const Status missing = read_file(folder.file("b"), 10).status();
  EXPECT_EQ(missing.code(), StatusCode::kIo);
  EXPECT_NE(missing.message().find("does not exist"), std::string::npos);
  const Status directory = read_file(folder.file(""), 10).status();
  EXPECT_EQ(directory.code(), StatusCode::kIo);
  EXPECT_NE(directory.message().find("directory"), std::string::npos);
}

TEST(ReadFile, ReadsStandardInputFromWhereItStands) {
  const TemporaryFolder folder;
  put_file(folder.file("a"), kNew);
  const int saved = ::dup(STDIN_FILENO);
  const int fd = ::open(folder.file("a").c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::lseek(fd, 1, SEEK_SET), 1);
  ::dup2(fd, STDIN_FILENO);
  const Result<Bytes> bytes = read_file("-", 100);
  ::dup2(saved, STDIN_FILENO);
  ::close(fd);
  ::close(saved);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(*bytes, Bytes({'e', 'w', '!'}));
}

}  // namespace
}  // namespace laconic
