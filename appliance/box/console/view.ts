// A page and the facts to a screen: a table of pages.
import type { Facts } from './facts.ts'
import type { Page } from './flow.ts'
import { formBody, summaryBody } from './form-view.ts'
import { type Body, framed } from './frame.ts'
import { overviewBody } from './overview-view.ts'
import { diagnosticsBody, outcomeBody } from './progress-view.ts'
import type { Screen, Size } from './screen.ts'
import { updateBody } from './update-view.ts'

function bodyOf(page: Page, facts: Facts, size: Size): Body {
  switch (page.kind) {
    case 'overview':
      return overviewBody(page.top, facts, size)
    case 'form':
      return formBody(page.form, size)
    case 'summary':
      return summaryBody(page.form, size)
    case 'outcome':
      return outcomeBody(page, facts, size)
    case 'diagnostics':
      return diagnosticsBody(page, facts, size)
    case 'update':
      return updateBody(page, facts, size)
  }
}

export const view = (page: Page, facts: Facts, size: Size): Screen => framed(bodyOf(page, facts, size), facts, size)
