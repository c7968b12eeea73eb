/*
 * A number of pages in colour for each user, counted when the job is done.
 */
var QUOTA = 20;
var COUNTER = "colour-pages";

function printJobHook(inputs, actions) {
  if (!inputs.job.isAnalysisComplete || inputs.job.isGrayscale) {
    return;
  }
  var used = inputs.user.getNumberProperty(COUNTER);
  if (used === null) {
    used = 0;
  }
  if (used + inputs.job.totalColorPages > QUOTA) {
    actions.client.promptOK("You have " + (QUOTA - used) + " colour pages left.");
    actions.job.cancel();
    return;
  }
  actions.user.onCompletionIncrementNumberProperty(COUNTER, inputs.job.totalColorPages, { saveWhenCancelled: false });
  actions.user.onCompletionSaveProperty("last-printer", inputs.job.printerName);
}
