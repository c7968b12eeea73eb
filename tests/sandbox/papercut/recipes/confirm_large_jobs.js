/*
 * Large jobs are confirmed first.
 * Users who print more pages than the limit are asked whether they meant it.
 */
var PAGE_LIMIT = 50;

function printJobHook(inputs, actions) {
  // The hook is called twice; the number of pages is only known after the analysis.
  if (!inputs.job.isAnalysisComplete) {
    return;
  }
  if (inputs.job.totalPages > PAGE_LIMIT) {
    var response = actions.client.promptPrintCancel("This job has " + inputs.job.totalPages + " pages. Print it?");
    if (response == "CANCEL" || response == "TIMEOUT") {
      actions.job.cancel();
      return;
    }
  }
}
