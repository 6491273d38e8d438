#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  @cloud-copilot/iam-simulate 0.1.173 (npm)
# Expected: `${aws:username}` is a variable in policies of version 2012-10-17 only. In one of 2008-10-17, or without a
#           version, AWS takes it as plain text (IAM User Guide, "IAM JSON policy elements: Version"), so this condition
#           is not met for a tag "example".
# Happens:  the simulator fills in the variable in each version: the old policies match as the new one does.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @cloud-copilot/iam-simulate@0.1.173 >/dev/null
cat > check.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const installed = 'node_modules/@cloud-copilot/iam-simulate/package.json'
const { version } = JSON.parse(readFileSync(installed))
console.log('@cloud-copilot/iam-simulate', version)
const seen = []
for (const Version of ['2012-10-17', '2008-10-17', undefined]) {
  const policy = {
    ...(Version && { Version }),
    Statement: {
      Effect: 'Allow', Action: 's3:ListBucket', Resource: '*',
      Condition: { StringEquals: { 'aws:PrincipalTag/team': '${aws:username}' } }
    }
  }
  const { overallResult } = await runSimulation({
    request: {
      principal: 'arn:aws:iam::111122223333:user/example', action: 's3:ListBucket',
      resource: { resource: 'arn:aws:s3:::example-bucket', accountId: '111122223333' },
      contextVariables: { 'aws:username': 'example', 'aws:PrincipalTag/team': 'example' }
    },
    identityPolicies: [{ name: 'example', policy }],
    serviceControlPolicies: [], resourceControlPolicies: []
  }, {})
  console.log(`Version ${Version ?? '(none)'}: ${overallResult}`)
  seen.push(overallResult)
}
if (seen.join() !== 'Allowed,Allowed,Allowed') {
  console.log('The behaviour changed.')
  process.exit(1)
}
console.log('As described: variables are filled in whatever the version is.')
JS
node check.mjs
