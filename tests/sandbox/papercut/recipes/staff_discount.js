/*
 * Staff pay half.
 */
var DISCOUNT_PERCENT = 50;

function printJobHook(inputs, actions) {
  if (!inputs.job.isAnalysisComplete) {
    return;
  }
  if (inputs.user.isInGroup("Staff")) {
    var newCost = inputs.job.cost * (1 - DISCOUNT_PERCENT / 100);
    actions.job.setCost(newCost);
    actions.job.addComment("Discount " + inputs.utils.formatNumber(DISCOUNT_PERCENT, 0) + "%");
  }
}
