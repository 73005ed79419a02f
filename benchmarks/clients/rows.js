// Artillery's users take the next row of the CSV in turn; it would give each user one row, or a row at random.
let next = 0;

module.exports = {
  nextRow: async (_request, context) => {
    Object.assign(context.vars, context.vars.rows[next++]);
  },
};
