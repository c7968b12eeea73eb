/*
 * Jobs of a paper size that few devices hold are kept for a short while only.
 */
function printJobHook(inputs, actions) {
  if (inputs.job.isAnalysisComplete && inputs.job.paperSizeName !== "A4") {
    actions.job.setHoldReleaseTimeout(5);
    actions.client.promptOK("Your job of size " + inputs.job.paperSizeName + " waits for five minutes.");
  }
}
