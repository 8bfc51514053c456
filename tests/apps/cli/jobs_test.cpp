#include "apps/cli/jobs.h"

#include <gtest/gtest.h>

#include "tests/apps/cli/run_program.h"

namespace laconic::cli {
namespace {

JobPaths with(std::vector<std::string> paths, std::string out_dir = "") {
  return {std::move(paths), std::move(out_dir), "lac"};
}

TEST(PlanJobs, TakesInputAndOutput) {
  const auto jobs = plan_jobs(with({"a.png", "b.lac"}));
  ASSERT_TRUE(jobs.ok());
  ASSERT_EQ(jobs->size(), 1u);
  EXPECT_EQ(jobs->front().input, "a.png");
  EXPECT_EQ(jobs->front().output, "b.lac");
}

TEST(PlanJobs, NamesOutputsInAFolderByTheirInputs) {
  const TestFolder folder;
  const auto jobs = plan_jobs(with({"x/a.png", "b.c.jpg", "-"}, folder / "new"));
  ASSERT_TRUE(jobs.ok());
  ASSERT_EQ(jobs->size(), 3u);
  EXPECT_EQ((*jobs)[0].output, folder / "new/a.lac");
  EXPECT_EQ((*jobs)[1].output, folder / "new/b.c.lac");
  EXPECT_EQ((*jobs)[2].output, folder / "new/stdin.lac");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "new"));
}

TEST(PlanJobs, TakesAFolderAsLastPathAsCpDoes) {
  const TestFolder folder;
  const auto jobs = plan_jobs(with({"a.png", "b.png", folder.path()}));
  ASSERT_TRUE(jobs.ok());
  ASSERT_EQ(jobs->size(), 2u);
  EXPECT_EQ((*jobs)[1].output, folder / "b.lac");
}

TEST(PlanJobs, RefusesSeveralInputsForOneFile) {
  EXPECT_EQ(plan_jobs(with({"a.png", "b.png", "c.lac"})).status().code(), StatusCode::kInvalidArgument);
}

TEST(PlanJobs, RefusesStandardInputTwice) {
  const TestFolder folder;
  EXPECT_EQ(plan_jobs(with({"-", "-"}, folder.path())).status().code(), StatusCode::kInvalidArgument);
}

TEST(PlanJobs, MarksTheSecondOfTwoInputsWithTheSameOutput) {
  const TestFolder folder;
  const auto jobs = plan_jobs(with({"a.png", "b.png", "a.jpg"}, folder.path()));
  ASSERT_TRUE(jobs.ok());
  EXPECT_TRUE((*jobs)[0].status.ok());
  EXPECT_TRUE((*jobs)[1].status.ok());
  EXPECT_FALSE((*jobs)[2].status.ok());
}

TEST(PlanJobs, ReportsAFolderThatCannotBeCreated) {
  EXPECT_EQ(plan_jobs(with({"a.png"}, "/proc/none")).status().code(), StatusCode::kIo);
}

TEST(RunJobs, ReturnsTheHighestCodeAndDoesTheRest) {
  const std::vector<Job> jobs = {{"a", "x", {}}, {"b", "y", {}}, {"c", "z", {}}};
  Reporter reporter(/*is_quiet=*/true);
  int num_calls = 0;
  const ExitCode code = run_jobs(jobs, reporter, [&](const Job& job) -> Result<std::string> {
    ++num_calls;
    if (job.input == "a") return corrupt("damaged");
    if (job.input == "b") return io_error("gone");
    return std::string("done");
  });
  EXPECT_EQ(num_calls, 3);
  EXPECT_EQ(code, kExitBadInput);
}

}  // namespace
}  // namespace laconic::cli
