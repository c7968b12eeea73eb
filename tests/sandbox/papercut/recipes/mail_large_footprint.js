/*
 * The office is told of jobs with a large footprint.
 */
function printJobHook(inputs, actions) {
  if (!inputs.job.isAnalysisComplete || inputs.job.environmentGramsCO2 < 500) {
    return;
  }
  var body = inputs.user.fullName + " <" + inputs.user.email + ">\n" +
    "CO2: " + inputs.utils.formatNumber(inputs.job.environmentGramsCO2, 1) + " g, light bulb: " +
    inputs.utils.formatNumber(inputs.job.environmentBulbHours, 1) + " h";
  actions.utils.sendEmail("office@example.com", "Large job: " + inputs.job.documentName, body);
}
