/*
 * A raffle: every hundredth job of the site is free.
 */
function printJobHook(inputs, actions) {
  if (inputs.utils.getProperty("raffle") != "on" || !inputs.job.isAnalysisComplete) {
    return;
  }
  var count = inputs.utils.getNumberProperty("raffle-jobs");
  if (count != null && (count + 1) % 100 == 0) {
    actions.job.setCost(0.0);
    actions.utils.onCompletionSaveProperty("raffle-winner", inputs.user.username);
  }
  actions.utils.onCompletionIncrementNumberProperty("raffle-jobs", 1);
}
