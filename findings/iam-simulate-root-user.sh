#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  @cloud-copilot/iam-simulate 0.1.173 (npm)
# Expected: the root user of an account may do everything in it without any identity policy, and none can be attached to
#           it; a Deny that spares the root user (NotPrincipal) leaves it its rights.
# Happens:  the simulator takes the root user as a principal, and denies it each request implicitly, as an IAM user
#           without policies. One has to give it a policy that AWS would not let it have.
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
const root = 'arn:aws:iam::111122223333:root'
const all = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
const spared = {
  Version: '2012-10-17',
  Statement: {
    Effect: 'Deny', NotPrincipal: { AWS: root }, Action: 's3:*', Resource: 'arn:aws:s3:::example-bucket'
  }
}

async function asked(identityPolicies, resourcePolicy) {
  const { overallResult } = await runSimulation({
    request: {
      principal: root, action: 's3:DeleteBucketPolicy',
      resource: { resource: 'arn:aws:s3:::example-bucket', accountId: '111122223333' }, contextVariables: {}
    },
    identityPolicies, resourcePolicy, serviceControlPolicies: [], resourceControlPolicies: []
  }, {})
  return overallResult
}

const seen = [
  ['no policies', await asked([])],
  ['a bucket policy that spares the root user', await asked([], spared)],
  ['an identity policy', await asked([{ name: 'all', policy: all }])]
]
for (const [name, result] of seen) console.log(`root user, ${name}: ${result}`)
if (seen.map(([, result]) => result).join() !== 'ImplicitlyDenied,ImplicitlyDenied,Allowed') {
  console.log('The behaviour changed.')
  process.exit(1)
}
console.log('As described: the root user is denied without an identity policy.')
JS
node check.mjs
