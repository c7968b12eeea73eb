/*
 * Colour jobs: print in colour, in black and white, or not at all.
 */
var STAFF = "Staff";

function printJobHook(inputs, actions) {
  if (!inputs.job.isAnalysisComplete) return;
  if (!inputs.job.isColor || inputs.user.isInGroup(STAFF)) return;
  var share = inputs.job.totalColorPages / inputs.job.totalPages;
  if (share >= 0.5) return;
  var response = actions.client.promptYesNoCancel(
    inputs.job.totalColorPages + " of " + inputs.job.totalPages + " pages are in colour. Print in black and white?",
    { questionID: "colour" });
  if (response === "YES") {
    actions.job.convertToGrayscale();
  } else if (response === "CANCEL" || response === "TIMEOUT") {
    actions.job.cancelAndLog("Cancelled by the user");
  }
}
